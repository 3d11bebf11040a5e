import CTestSupport

/// What the kernel can be made to refuse, for the rest of the process: for those that end with the test.
public enum Refusal {
    /// Every further descriptor that is to be watched by epoll. False where that cannot be had.
    public static func ofWatching(_ error: Int32) -> Bool { minato_test_refuse_watching(error) == 0 }
}
