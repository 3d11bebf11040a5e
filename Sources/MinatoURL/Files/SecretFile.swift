internal import CMinato
internal import Glibc

/// A file with secrets in it: read as a whole, and replaced as a whole.
struct SecretFile {
    /// What the kernel said, or that the file is too large.
    enum Failure: Error {
        case system(Int32)
        case tooLarge
    }

    /// 3000 cookies of the largest size fit.
    static let maximumSize = 32 << 20

    private let path: [CChar]

    /// A path with a NUL in it names no file.
    init(_ path: String) throws(Failure) {
        guard !path.utf8.contains(0) else { throw .system(EINVAL) }
        self.path = path.utf8.map { CChar(bitPattern: $0) }
    }

    /// All of it.
    ///
    /// - Parameters:
    ///   - limit: The most that it may have.
    ///   - flags: More flags of open(2).
    func read(upTo limit: Int = maximumSize, flags: Int32 = 0) throws(Failure) -> [UInt8] {
        let descriptor = unsafe open(path + [0], O_RDONLY | O_CLOEXEC | flags)
        guard descriptor >= 0 else { throw .system(errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                guard errno == EINTR else { throw .system(errno) }
                continue
            }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else { throw .tooLarge }
            bytes += chunk[..<count]
        }
    }

    /// Puts a new file with these bytes in its place, which nobody else may read.
    ///
    /// Whoever opens the path finds the old file or the new one, never a part; so it is after a crash, too. What is there and no
    /// file (a pipe, a device such as /dev/null, a link to one) stays, and is written to.
    func replace(with bytes: [UInt8]) throws(Failure) {
        var status = stat()
        if unsafe stat(path + [0], &status) == 0, ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) {
            return try feed(bytes)
        }
        let (name, descriptor) = try makeNeighbour()
        do throws(Failure) {
            try Self.write(bytes, to: descriptor)
            // Before the name changes hands: else a crash could leave an empty file under it.
            guard fsync(descriptor) == 0 else { throw Self.closed(descriptor) }
            // The kernel may report here what it could not do before: after a failed close the file is not there either.
            guard close(descriptor) == 0 || errno == EINTR else { throw .system(errno) }
            guard unsafe rename(name, path + [0]) == 0 else { throw .system(errno) }
        } catch {
            unsafe unlink(name)
            throw error
        }
    }

    /// Writes to what is at the path and no file.
    private func feed(_ bytes: [UInt8]) throws(Failure) {
        let descriptor = unsafe open(path + [0], O_WRONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw .system(errno) }
        // A pipe that nobody reads any more: EPIPE, and no signal that ends the process.
        var guarded = minato_sigpipe_guard()
        unsafe minato_sigpipe_begin(&guarded)
        defer { unsafe minato_sigpipe_end(&guarded) }
        try Self.write(bytes, to: descriptor)
        guard close(descriptor) == 0 || errno == EINTR else { throw .system(errno) }
    }

    /// A new file in the same directory, for only there can it be renamed from. Its name is not made of the file's: it would
    /// be too long where that one is long.
    private func makeNeighbour() throws(Failure) -> (name: [CChar], descriptor: Int32) {
        let directory = path[..<((path.lastIndex(of: CChar(bitPattern: UInt8(ascii: "/"))) ?? -1) + 1)]
        while true {
            let name = ".minato-" + String(UInt64.random(in: .min ... .max), radix: 36)
            let neighbour = directory + name.utf8.map { CChar(bitPattern: $0) } + [0]
            let descriptor = unsafe open(Array(neighbour), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            if descriptor >= 0 { return (Array(neighbour), descriptor) }
            guard errno == EEXIST || errno == EINTR else { throw .system(errno) }
        }
    }

    /// Closes the descriptor when it fails.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) throws(Failure) {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes[offset...].withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            }
            if count >= 0 {
                offset += count
            } else if errno != EINTR {
                throw closed(descriptor)
            }
        }
    }

    private static func closed(_ descriptor: Int32) -> Failure {
        let failure = Failure.system(errno)
        close(descriptor)
        return failure
    }
}
