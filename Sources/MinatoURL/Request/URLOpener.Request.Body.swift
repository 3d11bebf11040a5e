internal import Synchronization

extension URLOpener.Request {
    /// What is sent with a request: bytes, a file, or what a closure produces as it goes.
    ///
    /// ```swift
    /// var request = try URLOpener.Request("http://127.0.0.1:8000/items", body: .file("/var/log/messages"))
    /// request.body = .stream(length: nil) { writer in
    ///     for try await row in rows { try await writer.write(row.encoded) }
    /// }
    /// ```
    ///
    /// A body of known length is sent with a Content-Length, any other one in chunks, which servers of HTTP/1.0 do not
    /// understand.
    ///
    /// **Restarting.** A redirect (307, 308), an answer to a challenge, or a retry sends the request again. Bytes and files can
    /// be sent again; a stream when it says so, or as long as nothing of it was asked for. Where the request would have to
    /// be sent again and cannot be, the open fails with `notRestartable`, and the response that asked for it is in the error.
    ///
    /// A value, usable in any thread; a stream's closure may be called in any.
    ///
    /// Python: the `data` of a `Request`: bytes, a file, an iterable.
    public struct Body: Sendable {
        /// Whether bytes of it were asked for once.
        final class Use: Sendable {
            let hasBegun = Atomic(false)
        }

        let source: any BodySource
        let use: Use

        /// How many bytes it has, or nil when that is not known before: of a file, and of a stream that does not say.
        ///
        /// The length of a file is looked up when it is sent.
        public let length: Int?

        private let saysRestartable: Bool

        private init(_ source: any BodySource, length: Int?, isRestartable: Bool) {
            self.source = source
            self.length = length
            saysRestartable = isRestartable
            use = Use()
        }

        /// Whether it can be sent, once more or for the first time.
        public var isRestartable: Bool { saysRestartable || !use.hasBegun.load(ordering: .acquiring) }

        /// The bytes, when it is made of bytes; otherwise nil.
        public var bytes: [UInt8]? { (source as? ByteSource)?.bytes }

        /// Bytes that are there. None is a body, too: its length 0 is sent. Python: `data` of bytes.
        public static func bytes(_ bytes: [UInt8]) -> Body {
            Body(ByteSource(bytes: bytes), length: bytes.count, isRestartable: true)
        }

        /// A regular file, which is opened when the request is sent; what it has grown by after that is not.
        ///
        /// It is read as the network takes it, 64 KiB at a time, by the thread of the event loop or of the blocking call. Disks
        /// are quick enough for that; from a file system that can stand still, send a stream.
        ///
        /// The open fails with `fileFailed` when there is no such file, when it is not a regular one, when it cannot be read,
        /// and when it becomes shorter meanwhile.
        ///
        /// - Parameter path: Where it is.
        ///
        /// Python: `data` that is an open file.
        public static func file(_ path: String) -> Body {
            Body(FileSource(path: path), length: nil, isRestartable: true)
        }

        /// What a closure produces, for tasks; a blocking open refuses it.
        ///
        /// The closure runs in a task of its own beside the open, with its priority and task-local values, from the moment that
        /// the server can take bytes. The body ends when it returns. It writes, and waits while the network is slower than
        /// it is. When the transfer ends before, its task is cancelled and its writes throw. When it throws, the transfer
        /// ends with `bodyFailed`, and the error is the cause.
        ///
        /// - Parameters:
        ///   - length: How many bytes it will write, exactly; nil sends the body in chunks.
        ///   - isRestartable: Whether the closure may be called again, and then writes the same. Default: false.
        ///   - write: Writes the body.
        ///
        /// Python: `data` that is an iterable.
        public static func stream(
            length: Int?, isRestartable: Bool = false, _ write: @escaping @Sendable (BodyWriter) async throws -> Void
        ) -> Body {
            Body(StreamSource(write: write), length: length, isRestartable: isRestartable)
        }

        /// What a closure produces, for blocking opens; tasks refuse it.
        ///
        /// `begin` is called in the thread of the open when the server can take bytes, and what it returns is called there for
        /// each piece. No bytes is the end of the body. When one of the two throws, the open fails with `bodyFailed`, and
        /// the error is the cause.
        ///
        /// - Parameters:
        ///   - length: How many bytes there will be, exactly; nil sends the body in chunks.
        ///   - isRestartable: Whether `begin` may be called again, and then leads to the same bytes. Default: false.
        ///   - begin: Begins the body, and returns what gives the next piece.
        ///
        /// Python: `data` that is an iterable.
        public static func blockingStream(
            length: Int?, isRestartable: Bool = false, _ begin: @escaping @Sendable () throws -> () throws -> [UInt8]
        ) -> Body {
            Body(PullSource(begin: begin), length: length, isRestartable: isRestartable)
        }

        /// The Content-Type that it is sent with when the request has none.
        var standardType: String {
            source is ByteSource ? "application/x-www-form-urlencoded" : "application/octet-stream"
        }
    }
}

extension URLOpener.Request.Body: ExpressibleByArrayLiteral {
    /// Bytes, as in `request.body = []`.
    public init(arrayLiteral bytes: UInt8...) { self = .bytes(bytes) }
}

extension URLOpener.Request.Body: CustomStringConvertible, CustomReflectable {
    /// How long it is: never what is in it, which may be a password form.
    public var description: String { length.map { "\($0) bytes" } ?? "a body of unknown length" }

    /// The description alone.
    public var customMirror: Mirror { Mirror(self, children: ["body": description]) }
}
