import HTTPTypes
import MinatoSocket
import TestSupport

@testable import MinatoURL

/// The two ways in which a program opens URLs: a test that takes one is run with both.
enum Face: CaseIterable, Sendable {
    case tasks, threads

    /// Opens a request, in this task or in a thread of its own.
    func open(
        _ opener: URLOpener, _ request: URLOpener.Request, timeout: Duration? = .seconds(40),
        deadline: Deadline = .none
    ) async throws(OpenError) -> AnyResponse {
        switch self {
        case .tasks: AnyResponse(try await opener.open(request, timeout: timeout, deadline: deadline))
        case .threads:
            AnyResponse(
                try await inThread { () throws(OpenError) in
                    try opener.openBlocking(request, timeout: timeout, deadline: deadline)
                })
        }
    }

    /// Opens a URL.
    func open(
        _ opener: URLOpener, _ url: String, timeout: Duration? = .seconds(40), deadline: Deadline = .none
    ) async throws(OpenError) -> AnyResponse {
        try await open(opener, URLOpener.Request(url), timeout: timeout, deadline: deadline)
    }

    /// A body without a network.
    func body(_ source: ScriptedSource, expected: Int? = nil) -> AnyBody {
        switch self {
        case .tasks: AnyBody(URLOpener.Body(source.pipe, driver: source, expectedCount: expected))
        case .threads: AnyBody(URLOpener.BlockingBody(source.pipe, driver: source, expectedCount: expected))
        }
    }
}

/// Runs what blocks in a thread of its own: Swift's are few.
func inThread<Value: Sendable>(
    _ body: @escaping @Sendable () throws(OpenError) -> Value
) async throws(OpenError) -> Value {
    do {
        return try await Background { try body() }.value
    } catch let error as OpenError {
        throw error
    } catch {
        throw OpenError(.transport, url: "", detail: "no thread: \(error)")
    }
}

/// A response of either face.
struct AnyResponse: Sendable {
    let head: any URLOpener.ResponseProperties
    let body: AnyBody
    private let ending: @Sendable () -> Void

    init(_ response: URLOpener.Response) {
        head = response
        body = AnyBody(response.body)
        ending = { response.close() }
    }

    init(_ response: URLOpener.BlockingResponse) {
        head = response
        body = AnyBody(response.body)
        ending = { response.close() }
    }

    /// The response in an error, of whichever face.
    init?(_ error: OpenError?) {
        if let response = error?.response {
            self.init(response)
        } else if let response = error?.blockingResponse {
            self.init(response)
        } else {
            return nil
        }
    }

    var status: Int { head.status }
    var url: String { head.url }
    func close() { ending() }
}

/// A body of either face.
struct AnyBody: Sendable {
    private let task: URLOpener.Body?
    private let blocking: URLOpener.BlockingBody?

    init(_ body: URLOpener.Body) { (task, blocking) = (body, nil) }
    init(_ body: URLOpener.BlockingBody) { (task, blocking) = (nil, body) }

    /// What it comes through.
    var pipe: BodyPipe? { task?.pipe ?? blocking?.pipe }

    func read(_ count: Int) async throws(OpenError) -> [UInt8] {
        if let task { return try await task.read(count) }
        return try await block { (body) throws(OpenError) in try body.read(count) }
    }

    func read(atMost count: Int) async throws(OpenError) -> [UInt8] {
        if let task { return try await task.read(atMost: count) }
        return try await block { (body) throws(OpenError) in try body.read(atMost: count) }
    }

    func readLine(limit: Int) async throws(OpenError) -> [UInt8] {
        if let task { return try await task.readLine(limit: limit) }
        return try await block { (body) throws(OpenError) in try body.readLine(limit: limit) }
    }

    func collect(upTo limit: Int) async throws(OpenError) -> [UInt8] {
        if let task { return try await task.collect(upTo: limit) }
        return try await block { (body) throws(OpenError) in try body.collect(upTo: limit) }
    }

    /// `forEachPiece`. What throws comes out as it is.
    func forEachPiece(_ take: @escaping @Sendable (Span<UInt8>) throws -> Void) async throws {
        if let task { return try await task.forEachPiece(take) }
        guard let blocking else { return }
        try await Background { try blocking.forEachPiece(take) }.value
    }

    func write(to path: String, upTo limit: Int = .max) async throws(OpenError) -> Int {
        if let task { return try await task.write(to: path, upTo: limit) }
        guard let blocking else { return 0 }
        return try await inThread { () throws(OpenError) in try blocking.write(to: path, upTo: limit) }
    }

    func close() {
        task?.close()
        blocking?.close()
    }

    private func block(
        _ read: @escaping @Sendable (URLOpener.BlockingBody) throws(OpenError) -> [UInt8]
    ) async throws(OpenError) -> [UInt8] {
        guard let blocking else { return [] }
        return try await inThread { () throws(OpenError) in try read(blocking) }
    }
}

extension URLOpener.Configuration {
    /// The defaults, on a loop of the test's own.
    static func on(_ loop: EventLoop) -> Self {
        var configuration = Self()
        configuration.loop = loop
        return configuration
    }

    /// The defaults but for the limits of time.
    static func timeouts(_ change: (inout URLOpener.Timeouts) -> Void) -> Self {
        var configuration = Self()
        change(&configuration.timeouts)
        return configuration
    }
}
