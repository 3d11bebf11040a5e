/// Where the bytes of a request's body come from.
protocol BodySource: Sendable {
    /// Begins to give the bytes, for one hop of the URL.
    ///
    /// - Parameter isBlocking: Whether a thread of the program will ask for them, which may be kept waiting.
    /// - Throws: ``OpenError`` when there are none, or none for such a thread.
    func open(_ request: URLOpener.Request, isBlocking: Bool) throws(OpenError) -> any BodyFeed
}

struct ByteSource: BodySource {
    let bytes: [UInt8]

    func open(_ request: URLOpener.Request, isBlocking: Bool) -> any BodyFeed { ArrayFeed(bytes) }
}

struct FileSource: BodySource {
    let path: String

    func open(_ request: URLOpener.Request, isBlocking: Bool) throws(OpenError) -> any BodyFeed {
        try FileFeed(path, url: request.url)
    }
}

/// What a task writes.
struct StreamSource: BodySource {
    let write: @Sendable (URLOpener.Request.BodyWriter) async throws -> Void

    func open(_ request: URLOpener.Request, isBlocking: Bool) throws(OpenError) -> any BodyFeed {
        guard !isBlocking else { throw request.refusal("a stream of a task cannot be sent by a blocking open") }
        return StreamFeed(write, url: request.url, length: request.body?.length)
    }
}

/// What a closure gives in the thread that asks.
struct PullSource: BodySource {
    let begin: @Sendable () throws -> () throws -> [UInt8]

    func open(_ request: URLOpener.Request, isBlocking: Bool) throws(OpenError) -> any BodyFeed {
        guard isBlocking else { throw request.refusal("a blocking stream cannot be sent by a task") }
        return PullFeed(begin, url: request.url)
    }
}
