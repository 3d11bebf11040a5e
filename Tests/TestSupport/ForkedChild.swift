import Glibc

/// A child by fork(2), which Swift hides and C programs call all the same.
///
/// Only in a process with nothing else in it (`processExitsWith`): a child has copies of all descriptors, and of locks that others
/// hold. What Swift's runtime makes at its first use is to be made before.
public enum ForkedChild {
    /// Runs a function in a child that has this thread alone, for 20 s at most.
    ///
    /// - Returns: what it returned, 0 to 255, or -1 when the child did not come to that.
    public static func run(_ body: () -> Int32) -> Int32 {
        guard let symbol = unsafe dlsym(nil, "fork") else { return -1 }
        let fork = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
        let child = fork()
        if child == 0 {
            alarm(20)
            _exit(body())
        }
        var status: Int32 = -1
        while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -1
    }
}
