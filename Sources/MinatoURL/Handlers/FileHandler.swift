internal import Glibc
internal import HTTPTypes

/// Answers `file:` URLs with files of this machine. No default handler: give it to an opener that may read every file that the
/// process may.
///
/// ```swift
/// let opener = URLOpener(FileHandler())
/// let response = try await opener.open("file:///etc/hostname")
/// ```
///
/// The response has status 200, Content-Length, Last-Modified, and a Content-Type by the end of the file's name
/// (`application/octet-stream` for one that is not known, where Python says `text/plain`). The host is empty or `localhost`, the
/// path absolute and percent-encoded, without a query; a fragment is not part of it. Symbolic links are followed. Only regular
/// files are read: a directory, a pipe or a device is an error, and none of them makes the open wait. Only GET and HEAD are
/// answered.
///
/// The file is read as the body is, up to 64 KiB at a time, which blocks the reader's thread for as long as the disk takes. No
/// timeout or deadline is over meanwhile. What is read is as long as Content-Length said: what is written behind that later is
/// not seen, and a file that becomes shorter is an error of the read (`truncated`). A redirect never leads here.
///
/// May be shared by openers and threads. Python: `urllib.request.FileHandler`, which is there by default. RFC 8089.
public struct FileHandler: OpenerHandler {
    /// Makes a handler.
    public init() {}

    /// ``URLOpener/HandlerKind/file``.
    public var kind: URLOpener.HandlerKind? { .file }

    /// Answers a `file:` URL with its file, and leaves every other one alone.
    ///
    /// - Throws: ``OpenError`` with `fileFailed` and the errno value for a file that cannot be opened, EISDIR for a directory, and
    ///   EINVAL for what else is no regular file; `badRequest` for another method than GET and HEAD.
    public func answer(
        _ request: URLOpener.Request, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Answer? {
        guard request.location.origin.scheme == RequestURL.fileScheme else { return nil }
        guard request.method == "GET" || request.method == "HEAD" else {
            throw request.refusal("a file: URL can only be read")
        }
        let path = PercentEncoding.unquoteToBytes(request.location.path)
        let file = try OpenedFile(path, url: request.url)
        let fields: HTTPFields = [
            .contentType: MediaType.ofFile(named: request.location.path), .contentLength: "\(file.size)",
            .lastModified: HTTPDate.text(WallTime(secondsSince1970: file.modified)),
        ]
        let head = URLOpener.ResponseHead(status: 200, reason: "OK", fields: fields)
        return request.method == "HEAD"
            ? URLOpener.Answer(head: head) : URLOpener.Answer(head: head, reading: { try file.next() })
    }
}

/// A regular file that is read once, from its beginning to the end that it had when it was opened.
private final class OpenedFile: @unchecked Sendable {
    private static let pieceSize = 65_536

    let size: Int
    let modified: Int64
    private let url: String
    private let descriptor: Int32
    /// Used by one reader at a time.
    private var left: Int

    init(_ path: [UInt8], url: String) throws(OpenError) {
        self.url = url
        // Opening a pipe without O_NONBLOCK waits for somebody to write. To a regular file it means nothing.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        descriptor = unsafe (path + [0]).withUnsafeBufferPointer { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { text in
                unsafe text.baseAddress.map { unsafe open($0, flags) } ?? -1
            }
        }
        guard descriptor >= 0 else { throw Self.failure(errno, url) }
        var status = stat()
        let result = unsafe fstat(descriptor, &status)
        let code = result < 0 ? errno : Self.refusal(of: status.st_mode)
        guard code == 0 else {
            close(descriptor)
            throw Self.failure(code, url)
        }
        size = Int(status.st_size)
        modified = Int64(status.st_mtim.tv_sec)
        left = size
    }

    deinit { close(descriptor) }

    /// The next bytes; none at the end.
    func next() throws(OpenError) -> [UInt8] {
        // An array without room is one that others have as well, and its count is written.
        guard left > 0 else { return [] }
        var code: Int32 = 0
        let wanted = min(left, Self.pieceSize)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { memory, count in
            var result = -1
            repeat {
                result = unsafe read(descriptor, memory.baseAddress, wanted)
                code = errno
            } while result < 0 && code == EINTR
            count = max(result, 0)
            if result >= 0 { code = 0 }
        }
        guard code == 0 else { throw OpenError(.fileFailed, .read, url: url, systemCode: code) }
        guard !bytes.isEmpty else {
            throw OpenError(.truncated, .read, url: url, detail: "the file became shorter while it was read")
        }
        left -= bytes.count
        return bytes
    }

    /// Why what has this mode is not read, or 0.
    private static func refusal(of mode: mode_t) -> Int32 {
        switch mode & S_IFMT {
        case S_IFREG: 0
        case S_IFDIR: EISDIR
        default: EINVAL
        }
    }

    private static func failure(_ code: Int32, _ url: String) -> OpenError {
        OpenError(.fileFailed, .open, url: url, systemCode: code)
    }
}

extension OpenError {
    /// An error of the kernel's, in its words.
    fileprivate init(_ code: Code, _ operation: Operation, url: String, systemCode: Int32) {
        let detail = systemCode == EINVAL ? "no regular file" : unsafe String(cString: strerror(systemCode))
        self.init(code, operation, url: url, detail: detail, systemCode: systemCode)
    }
}
