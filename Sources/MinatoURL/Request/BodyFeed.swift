internal import Glibc

/// What gives the bytes of a request's body to libcurl, for one hop.
///
/// **Threads.** Called by whoever drives the transfer, one at a time.
protocol BodyFeed: AnyObject {
    /// How many bytes there are, where that becomes known only now.
    var length: Int? { get }

    /// Copies the next bytes into memory.
    func read(into memory: UnsafeMutableRawBufferPointer) -> BodyFeeding

    /// Goes back to the beginning. False when it cannot.
    func rewind() -> Bool

    /// Nothing more will be asked for.
    func end()
}

extension BodyFeed {
    var length: Int? { nil }
    func end() {}
}

/// What became of asking for bytes.
enum BodyFeeding {
    /// So many were copied; none is the end of the body.
    case bytes(Int)
    /// There are none yet: to be asked again when it says so.
    case later
    /// There will be none.
    case failed(OpenError)
}

/// Bytes that are there.
final class ArrayFeed: BodyFeed {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func read(into memory: UnsafeMutableRawBufferPointer) -> BodyFeeding {
        let count = min(memory.count, bytes.count - offset)
        unsafe memory.copyBytes(from: bytes[offset..<(offset + count)])
        offset += count
        return .bytes(count)
    }

    func rewind() -> Bool {
        offset = 0
        return true
    }
}

/// A regular file, as long as it was when it was opened.
final class FileFeed: BodyFeed {
    private let size: Int
    private let descriptor: Int32
    private let path: String
    private let url: String
    private var offset = 0

    init(_ path: String, url: String) throws(OpenError) {
        (self.path, self.url) = (path, url)
        guard !path.utf8.contains(0) else { throw Self.failure("open a path with a NUL", EINVAL, url) }
        // A pipe must not keep the thread here.
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            size = 0
            throw Self.failure("open \(path)", errno, url)
        }
        var status = stat()
        let result = unsafe fstat(descriptor, &status)
        size = Int(status.st_size)
        guard result == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw OpenError(.fileFailed, .prepare, url: url, detail: "\(path) is no regular file")
        }
    }

    var length: Int? { size }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    func read(into memory: UnsafeMutableRawBufferPointer) -> BodyFeeding {
        let wanted = min(memory.count, size - offset)
        guard wanted > 0 else { return .bytes(0) }
        while true {
            let count = unsafe pread(descriptor, memory.baseAddress, wanted, off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failed(Self.failure("read \(path)", errno, url)) }
            guard count > 0 else {
                let detail = "\(path) has become shorter while it was sent"
                return .failed(OpenError(.fileFailed, .open, url: url, detail: detail))
            }
            offset += count
            return .bytes(count)
        }
    }

    func rewind() -> Bool {
        offset = 0
        return true
    }

    func end() {}

    private static func failure(_ what: String, _ code: Int32, _ url: String) -> OpenError {
        let detail = "\(what): \(unsafe String(cString: strerror(code)))"
        return OpenError(.fileFailed, .prepare, url: url, detail: detail, systemCode: code)
    }
}

/// Pieces that a closure gives in the thread that asks.
final class PullFeed: BodyFeed {
    private let begin: () throws -> () throws -> [UInt8]
    private var next: (() throws -> [UInt8])?
    private var piece: ArraySlice<UInt8> = []
    private let url: String

    init(_ begin: @escaping () throws -> () throws -> [UInt8], url: String) {
        self.begin = begin
        self.url = url
    }

    func read(into memory: UnsafeMutableRawBufferPointer) -> BodyFeeding {
        do {
            let next = try self.next ?? begin()
            self.next = next
            if piece.isEmpty { piece = try next()[...] }
        } catch {
            return .failed(.bodyFailed(error, url: url))
        }
        let count = min(memory.count, piece.count)
        unsafe memory.copyBytes(from: piece.prefix(count))
        piece = piece.dropFirst(count)
        return .bytes(count)
    }

    /// Whether the closure may be asked to begin once more is known to ``CurlTransfer/maySend()``, without which nothing is read.
    func rewind() -> Bool {
        (next, piece) = (nil, [])
        return true
    }
}

extension OpenError {
    /// The source of a body threw.
    static func bodyFailed(_ cause: any Error, url: String) -> OpenError {
        let detail = "the source of the request's body failed with \(type(of: cause))"
        return OpenError(.bodyFailed, .open, url: url, detail: detail, cause: cause)
    }
}
