internal import Glibc

/// The right to take a path over, which one starter has at a time.
///
/// It is an empty file beside the path, locked with flock(2), and there only while a path is being taken over. The kernel
/// lets go of the lock of a process that dies, and the file that it leaves is used by the next one.
struct TakeOverLock: ~Copyable {
    /// `.minato-lock`: not simply `.lock`, which may be somebody's.
    static let suffix = ".minato-lock".utf8.map { CChar(bitPattern: $0) }

    private let path: [CChar]
    private let descriptor: Int32

    /// Does not wait: nil when another one has the lock.
    init?(_ path: [CChar]) {
        while true {
            let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
            let descriptor = unsafe open(path, flags, 0o600)
            guard descriptor >= 0 else { return nil }
            var locked = stat()
            var present = stat()
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, unsafe fstat(descriptor, &locked) == 0,
                locked.st_mode & S_IFMT == S_IFREG, locked.st_size == 0
            else {
                close(descriptor)
                return nil
            }
            // The one who had it before may have removed the file after it was opened here: such a lock is worth nothing.
            if unsafe lstat(path, &present) == 0, present.st_ino == locked.st_ino, present.st_dev == locked.st_dev {
                self.path = path
                self.descriptor = descriptor
                return
            }
            close(descriptor)
        }
    }

    /// Runs `body`; the lock is there until it returns.
    func whileHeld<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) { try body() }

    deinit {
        // In this order: whoever finds the file finds it locked.
        unsafe unlink(path)
        close(descriptor)
    }
}
