import MinatoSocket
import TestSupport

@testable import MinatoURL

/// One of many requests, and whether what comes of it is right.
struct MixedRequest {
    enum Kind: String, CaseIterable, Sendable {
        case get, chunked, end, encoded, head, named
        case missing, missingUnread, redirect, privately
        case postBytes, postManyBytes, postStream, postAgain
        case nginx, http2, http2Upload, http2Missing, http2Dropped
        case dropped, closed, cancelled, timedOut
    }

    let face: Face
    let opener: URLOpener
    let server: MixedServer
    var generator: SeededGenerator
    /// What is given back of each response, to see whether it is freed.
    let pipes: WeakPipes

    /// Sends a request of some kind. The result: what is wrong, or nil.
    mutating func send() async -> String? {
        let kind = Kind.allCases[Int.random(in: 0..<Kind.allCases.count, using: &generator)]
        // Now and then more than the buffers hold.
        let isLarge = Int.random(in: 0..<16, using: &generator) == 0
        let size = Int.random(in: 0...(isLarge ? 600_000 : 20_000), using: &generator)
        let number = Int.random(in: 0..<1_000_000, using: &generator)
        do {
            return try await isRight(kind, size, number) ? nil : "\(kind) \(size) \(number): something else came"
        } catch {
            return "\(kind) \(size) \(number): \(error)"
        }
    }

    private func isRight(_ kind: Kind, _ size: Int, _ number: Int) async throws(OpenError) -> Bool {
        let content = MixedServer.content(size, number)
        func url(_ kind: String) -> String { server.python.url("/\(kind)/\(size)/\(number)") }
        switch kind {
        case .get, .chunked, .end, .encoded, .redirect: return isSame(try await read(url(kind.rawValue)), content)
        // So that a name is looked up, in a thread of its own.
        case .named: return isSame(try await read(url("get").replacing("127.0.0.1", with: "localhost")), content)
        case .privately: return isSame(try await read(url("private")), content)
        case .nginx: return isSame(try await read(server.nginx.url), MixedServer.page)
        case .http2: return isSame(try await read(server.http2.url("small")), Array("small".utf8))
        case .http2Upload:
            return isSame(try await send("PUT", server.http2.url("echo"), .bytes(content)), content)
        case .head:
            let response = try await open(.init(url("get"), method: "HEAD"))
            return response.head.field("Content-Length") == "\(size)"
        case .http2Dropped: return try await open(.init(server.http2.url("large"))).body.read(size).count == size
        case .http2Missing:
            let request = try URLOpener.Request(server.http2.url("missing"), method: "PUT", body: .bytes(content))
            return try await isMissing(request, content)
        case .missing, .missingUnread:
            return try await isMissing(.init(url("missing")), kind == .missing ? content : nil)
        case .postBytes:
            return try await post(server.python.url("/echo"), .bytes(Array(content.prefix(9999))))
                == Array(content.prefix(9999))
        case .postManyBytes: return isSame(try await post(server.python.url("/echo"), .bytes(content)), content)
        case .postAgain: return isSame(try await post(server.python.url("/again"), .bytes(content)), content)
        case .postStream: return isSame(try await post(server.python.url("/echo"), stream(content)), content)
        case .dropped: return try await open(.init(url(size % 2 == 0 ? "half" : "get"))).status == 200
        case .closed: return try await isClosed(url("half"), content)
        case .cancelled: return try await isCancelled(url("half"), number % 30)
        case .timedOut: return await isTimedOut(url("silent"), .milliseconds(number % 5))
        }
    }

    private func open(_ request: URLOpener.Request) async throws(OpenError) -> AnyResponse {
        let response = try await face.open(opener, request, timeout: .seconds(100))
        pipes.append(response.body.pipe)
        return response
    }

    private func read(_ url: String) async throws(OpenError) -> [UInt8] {
        try await open(.init(url)).body.collect(upTo: 1 << 20)
    }

    private func stream(_ bytes: [UInt8]) -> URLOpener.Request.Body {
        let pieces = stride(from: 0, to: bytes.count, by: 5000).map { Array(bytes[$0..<min($0 + 5000, bytes.count)]) }
        switch face {
        case .tasks: return .stream(length: nil) { writer in for piece in pieces { try await writer.write(piece) } }
        case .threads:
            return .blockingStream(length: nil) {
                var left = pieces[...]
                return { left.popFirst() ?? [] }
            }
        }
    }

    private func post(_ url: String, _ body: URLOpener.Request.Body) async throws(OpenError) -> [UInt8] {
        try await send("POST", url, body)
    }

    private func send(
        _ method: String, _ url: String, _ body: URLOpener.Request.Body
    ) async throws(OpenError) -> [UInt8] {
        try await open(.init(url, method: method, body: body)).body.collect(upTo: 1 << 20)
    }

    /// - Parameter content: What the body has to be; nil leaves it unread.
    private func isMissing(_ request: URLOpener.Request, _ content: [UInt8]?) async throws(OpenError) -> Bool {
        do throws(OpenError) {
            _ = try await open(request)
            return false
        } catch {
            guard error.status == 404 else { throw error }
            guard let content else { return true }
            return isSame(try await AnyResponse(error)?.body.collect(upTo: 1 << 20) ?? [], content)
        }
    }

    /// Half of a body, of which no more comes, and then its end by another hand.
    private func isClosed(_ url: String, _ content: [UInt8]) async throws(OpenError) -> Bool {
        let response = try await open(.init(url))
        guard isSame(try await response.body.read(content.count), content) else { return false }
        let read = Task { try await response.body.read(1) }
        await Task.yield()
        response.close()
        if case .failure(let error) = await read.result { return (error as? OpenError)?.code == .closed }
        return false
    }

    /// A task that is cancelled somewhere on its way: before it begins, while it connects, in the head, in the body.
    private func isCancelled(_ url: String, _ turns: Int) async throws(OpenError) -> Bool {
        guard face == .tasks else { return try await open(.init(url)).status == 200 }
        let opening = self
        let task = Task { try await opening.open(.init(url)).body.read(1 << 20) }
        for _ in 0..<turns { await Task.yield() }
        task.cancel()
        if case .failure(let error) = await task.result { return (error as? OpenError)?.code == .cancelled }
        return false
    }

    private func isTimedOut(_ url: String, _ limit: Duration) async -> Bool {
        do throws(OpenError) {
            _ = try await face.open(opener, url, timeout: limit)
            return false
        } catch {
            return error.code == .timedOut
        }
    }
}

/// The pipes of responses, as long as somebody else holds them.
final class WeakPipes: Sendable {
    private struct Reference {
        weak var pipe: BodyPipe?
    }

    private let kept = Guarded<[Reference]>([])

    func append(_ pipe: BodyPipe?) { kept.withLock { $0.append(Reference(pipe: pipe)) } }

    /// How many are still there.
    var count: Int { kept.withLock { kept in kept.count { $0.pipe != nil } } }
}
