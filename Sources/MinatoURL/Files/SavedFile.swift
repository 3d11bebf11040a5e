internal import CMinato
internal import Glibc

/// Where a body is written to, until it is given the name that it is to have.
protocol BodyFile: AnyObject {
    func write(_ bytes: Span<UInt8>) throws(SavedFile.Failure)

    /// All has been written: gives the file its name, in place of one that had it.
    func commit() throws(SavedFile.Failure)
}

/// A file that a body is written to: it has its name when it is complete, and not before.
///
/// What is at the path already and is no regular file (a pipe, a terminal) is written to as it is. A link stays: it is the file
/// behind it that is made, or replaced, when it is complete.
package final class SavedFile: BodyFile {
    /// What the kernel said, or what is wrong with a file.
    package struct Failure: Error {
        let detail: String
        var code: Int32 = 0
        /// Whether it is that somebody else has the file.
        var isBusy = false

        init(_ verb: String, _ path: String, _ code: Int32) {
            detail = "\(verb) \(path): \(unsafe String(cString: strerror(code)))"
            self.code = code
        }

        init(_ detail: String, isBusy: Bool = false) {
            self.detail = detail
            self.isBusy = isBusy
        }
    }

    private let path: String
    /// Where that is, behind all links.
    private var name: [CChar]
    /// Where the bytes are until then; nil when they go straight to the path.
    private var temporaryName: [CChar]?
    private var descriptor: Int32 = -1

    package init(_ path: String) throws(Failure) {
        self.path = path
        guard !path.utf8.contains(0) else { throw Failure("open", "a path with a NUL", EINVAL) }
        name = Array(path.utf8CString)
        let isSpecial = try followLinks()
        if !isSpecial {
            // Beside the target, so that it can be renamed; the mode of new files is that of the process.
            temporaryName = name.dropLast() + ".\(UInt32.random(in: 0 ... .max)).part".utf8CString
        }
        let flags = isSpecial ? O_TRUNC : O_CREAT | O_EXCL
        descriptor = unsafe open(temporaryName ?? name, flags | O_WRONLY | O_CLOEXEC | O_NOCTTY, 0o666)
        if descriptor < 0 {
            let code = errno
            temporaryName = nil
            throw Failure("open", path, code)
        }
    }

    /// Finds what is called `name`. True when it is to be written to as it is.
    private func followLinks() throws(Failure) -> Bool {
        var status = stat()
        if unsafe stat(name, &status) == 0 {
            if status.st_mode & S_IFMT != S_IFREG { return true }
        } else if errno != ENOENT {
            // A link that the kernel does not follow is not followed here either: see protected_symlinks in proc(5).
            throw Failure("open", path, errno)
        }
        var processes = stat()
        let hasProcesses = unsafe stat("/proc/self/", &processes) == 0
        var link = [CChar](repeating: 0, count: Int(PATH_MAX))
        // As many as the kernel follows: see path_resolution(7).
        for _ in 0..<40 {
            let count = unsafe readlink(name, &link, link.count)
            guard count > 0 else { break }
            // What a process has open, /dev/stdout say: that file and no other, and it may have lost its name. See proc(5).
            if hasProcesses, unsafe lstat(name, &status) == 0, status.st_dev == processes.st_dev { return true }
            let slash = CChar(bitPattern: UInt8(ascii: "/"))
            let directory = link[0] == slash ? [] : name[..<((name.lastIndex(of: slash) ?? -1) + 1)]
            name = directory + link[..<count] + [0]
        }
        return false
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if let temporaryName { unsafe unlink(temporaryName) }
    }

    package func write(_ bytes: Span<UInt8>) throws(Failure) {
        guard temporaryName == nil else { return try Self.write(bytes, to: descriptor, path) }
        // What is no regular file may be a pipe that nobody reads any more: EPIPE, and no signal that ends the process.
        var guarded = minato_sigpipe_guard()
        unsafe minato_sigpipe_begin(&guarded)
        defer { unsafe minato_sigpipe_end(&guarded) }
        try Self.write(bytes, to: descriptor, path)
    }

    /// Writes all bytes to the file of a descriptor.
    static func write(_ bytes: Span<UInt8>, to descriptor: Int32, _ path: String) throws(Failure) {
        var start = 0
        while start < bytes.count {
            let rest = bytes.extracting(start...)
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure("write", path, errno) }
            start += count
        }
    }

    package func commit() throws(Failure) {
        let result = close(descriptor)
        let code = errno
        descriptor = -1
        // Linux has closed it even then; NFS tells here that it could not write.
        guard result == 0 || code == EINTR else { throw Failure("write", path, code) }
        guard let temporaryName else { return }
        guard unsafe rename(temporaryName, name) == 0 else { throw Failure("rename", path, errno) }
        self.temporaryName = nil
    }
}

extension SavedFile.Failure {
    /// The error to throw.
    func error(url: String) -> OpenError {
        OpenError(isBusy ? .busy : .fileFailed, .save, url: url, detail: detail, systemCode: code)
    }
}

extension SavedFile.Failure: CustomStringConvertible {
    package var description: String { detail }
}
