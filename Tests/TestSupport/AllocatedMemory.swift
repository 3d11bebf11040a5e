import CTestSupport

/// What the process has from the allocator.
public enum AllocatedMemory {
    /// How many bytes: nil under a sanitizer, which has an allocator of its own, and where the C library does not tell.
    public static var count: Int? {
        let count = Sanitizer.isPresent ? -1 : minato_test_allocated()
        return count < 0 ? nil : Int(count)
    }
}
