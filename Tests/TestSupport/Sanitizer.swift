import Glibc

/// Whether the tests, and the programs that are built with them, run under AddressSanitizer or ThreadSanitizer.
///
/// Those want to be the first library of a process: one that is preloaded into it ends the process, or makes it hang.
public enum Sanitizer {
    /// True in a test run with `--sanitize address` or `--sanitize thread`.
    public static let isPresent = unsafe dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
}
