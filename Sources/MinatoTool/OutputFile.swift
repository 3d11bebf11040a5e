import Glibc

/// Where a body goes: standard output, or a file that appears under its name when it is complete.
///
/// What is at the path already and is no regular file (a pipe, a terminal, a link) is written to as it is.
final class OutputFile {
    private let path: String?
    /// Where the bytes are until then; nil when they go straight to where they belong.
    private var temporaryPath: String?
    private var descriptor: Int32

    /// Standard output for nil.
    init(_ path: String?) throws(FileFailure) {
        self.path = path
        guard let path else {
            descriptor = STDOUT_FILENO
            return
        }
        var status = stat()
        if unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            descriptor = unsafe open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
            if descriptor < 0 { throw FileFailure("open", path, errno) }
            // It may be a pipe that nobody reads any more: EPIPE, which is told, and no signal that ends the tool.
            signal(SIGPIPE, SIG_IGN)
            return
        }
        // Beside the target, so that it can be renamed.
        var template = Array((path + ".XXXXXX").utf8.map { CChar(bitPattern: $0) }) + [0]
        descriptor = unsafe mkstemp(&template)
        if descriptor < 0 { throw FileFailure("create", path, errno) }
        temporaryPath = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // mkstemp makes it private; a download has the mode that other new files have.
        let mask = umask(0)
        umask(mask)
        fchmod(descriptor, 0o666 & ~mask)
    }

    func write(_ bytes: [UInt8]) throws(FileFailure) {
        guard let path else { return try Terminal.write(bytes) }
        if !Descriptor.write(descriptor, bytes) { throw FileFailure("write", path, errno) }
    }

    /// Gives the file its name.
    func commit() throws(FileFailure) {
        guard let path else { return }
        let result = close(descriptor)
        descriptor = -1
        if result < 0 { throw FileFailure("write", path, errno) }
        guard let temporaryPath else { return }
        if unsafe rename(temporaryPath, path) < 0 { throw FileFailure("rename", path, errno) }
        self.temporaryPath = nil
    }

    deinit {
        guard path != nil else { return }
        if descriptor >= 0 { close(descriptor) }
        if let temporaryPath { unsafe unlink(temporaryPath) }
    }
}
