internal import Glibc

/// A file that is received in several calls: `PATH.part` until it is complete, and then `PATH`.
///
/// Beside it, in `PATH.part.meta`, stands what it is the beginning of. Both stay for a later call when this one fails, unless
/// there is nothing to go on from. Nobody else in this process or another can have the file meanwhile: it is locked (flock(2)).
final class PartialFile: BodyFile {
    typealias Failure = SavedFile.Failure

    private let path: String
    private let partPath: String
    private let notePath: String
    private let descriptor: Int32
    /// How many bytes it had when it was opened.
    let count: Int
    private var hasBegunAnew = false
    private var hasNote = false
    private var isCommitted = false

    /// Opens the file, or makes an empty one.
    ///
    /// - Throws: That it is busy, or what the kernel said; also when there is something at the path that is no regular file:
    ///   it would be replaced, and not be written to.
    init(_ path: String) throws(Failure) {
        guard !path.utf8.contains(0) else { throw Failure("open", "a path with a NUL", EINVAL) }
        (self.path, partPath, notePath) = (path, path + ".part", path + ".part.meta")
        var status = stat()
        if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            throw Failure("open \(path): what is no regular file cannot be resumed")
        }
        descriptor = try Self.open(partPath)
        count = unsafe fstat(descriptor, &status) == 0 ? status.st_size : 0
    }

    deinit {
        if !isCommitted, Self.isStillThere(descriptor, partPath), !isWorthKeeping {
            unsafe unlink(notePath)
            unsafe unlink(partPath)
        }
        // By name and not only by closing: a child process may have a copy of the descriptor until it has begun its program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private var isWorthKeeping: Bool {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 && status.st_size > 0 && (hasNote || !hasBegunAnew)
    }

    /// What is kept about the file, if it can be read and understood.
    func readNote() -> ResumeNote? {
        // A pipe is opened at once so, and is empty.
        let flags = O_NOFOLLOW | O_NONBLOCK
        let bytes = try? SecretFile(notePath).read(upTo: ResumeNote.maximumSize, flags: flags)
        return bytes.flatMap { ResumeNote(parsing: $0) }
    }

    /// Drops all that is there.
    ///
    /// - Parameter note: What the bytes to come are the beginning of; nil when no later call can go on from them.
    func beginAnew(_ note: ResumeNote?) throws(Failure) {
        // In this order there is at no moment a note beside bytes that it is not about, not even after a crash.
        guard unsafe unlink(notePath) == 0 || errno == ENOENT else { throw Failure("remove", notePath, errno) }
        hasBegunAnew = true
        guard ftruncate(descriptor, 0) == 0, count == 0 || fsync(descriptor) == 0 else {
            throw Failure("truncate", partPath, errno)
        }
        guard let note else { return }
        do throws(SecretFile.Failure) {
            try SecretFile(notePath).replace(with: Array(note.text.utf8))
        } catch {
            if case .system(let code) = error { throw Failure("write", notePath, code) }
            throw Failure("write \(notePath): it is too large")
        }
        hasNote = true
    }

    func write(_ bytes: Span<UInt8>) throws(Failure) { try SavedFile.write(bytes, to: descriptor, partPath) }

    func commit() throws(Failure) {
        // NFS tells at a close that it could not write. The file itself stays open, for with it goes the lock.
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0, close(copy) == 0 || errno == EINTR else { throw Failure("write", partPath, errno) }
        guard Self.isStillThere(descriptor, partPath) else { throw Failure("rename \(partPath): it was replaced") }
        guard unsafe rename(partPath, path) == 0 else { throw Failure("rename", partPath, errno) }
        isCommitted = true
        unsafe unlink(notePath)
    }
}

// Opening and locking.
extension PartialFile {
    private static func open(_ path: String) throws(Failure) -> Int32 {
        // Another call may make, rename or remove the file at any moment until the lock is there.
        for _ in 0..<100 {
            var isNew = false
            let flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
            var descriptor = unsafe Glibc.open(path, flags)
            if descriptor < 0, errno == ENOENT {
                descriptor = unsafe Glibc.open(path, flags | O_CREAT | O_EXCL, 0o666)
                if descriptor < 0, errno == EEXIST { continue }
                isNew = true
            }
            guard descriptor >= 0 else { throw Failure("open", path, errno) }
            do throws(Failure) {
                if try lock(descriptor, path, isNew: isNew) { return descriptor }
            } catch {
                close(descriptor)
                throw error
            }
            close(descriptor)
        }
        throw Failure("open \(path): it changes all the time", isBusy: true)
    }

    /// Locks an open file; false when it is to be opened again.
    private static func lock(_ descriptor: Int32, _ path: String, isNew: Bool) throws(Failure) -> Bool {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw Failure("open", path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure("open \(path): it is no regular file") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw Failure("lock", path, errno) }
            throw Failure("open \(path): somebody else retrieves to it", isBusy: true)
        }
        guard isStillThere(descriptor, path) else { return false }
        guard isNew || status.st_uid == geteuid() && status.st_nlink == 1 else {
            // Somebody else's, in a directory that others can write to: its owner can change it at any time. Or another file of
            // ours, by another name.
            guard unsafe unlink(path) == 0 else { throw Failure("remove", path, errno) }
            return false
        }
        return true
    }

    /// Whether a path still leads to an open file.
    private static func isStillThere(_ descriptor: Int32, _ path: String) -> Bool {
        var (own, found) = (stat(), stat())
        guard unsafe fstat(descriptor, &own) == 0, unsafe lstat(path, &found) == 0 else { return false }
        return own.st_dev == found.st_dev && own.st_ino == found.st_ino
    }
}
