import MinatoSocket

@testable import MinatoURL

/// A transport without a network: a script answers, and the requests are kept.
final class ScriptedTransport: Transport {
    struct Reply: Sendable {
        var status: Int
        var fields: [(String, String)] = []
        var body = ""
    }

    private let mock: MockTransport

    /// The script gets the request and how many came before it.
    init(_ script: @escaping @Sendable (URLOpener.Request, Int) -> Reply) {
        let count = Guarded(0)
        mock = MockTransport { request in
            let index = count.withLock { count in
                defer { count += 1 }
                return count
            }
            let reply = script(request, index)
            let fields = reply.fields.map { (name: $0.0, value: $0.1) }
            return MockTransport.Reply(status: reply.status, fields: fields, body: Array(reply.body.utf8))
        }
    }

    /// Answers with these replies, one after another, the last one again and again.
    convenience init(_ replies: Reply...) {
        self.init { _, index in replies[min(index, replies.count - 1)] }
    }

    /// What was sent.
    var requests: [URLOpener.Request] { mock.requests }

    func perform(_ request: URLOpener.Request, _ limits: HopLimits) async throws(OpenError) -> Hop {
        try await mock.perform(request, limits)
    }

    func performBlocking(_ request: URLOpener.Request, _ limits: HopLimits) throws(OpenError) -> Hop {
        try mock.performBlocking(request, limits)
    }
}

/// A body that comes in chosen pieces, one whenever somebody waits, and may end in an error.
final class ScriptedSource: BodyDriver {
    private struct State {
        var pieces: [[UInt8]]
        var closeCount = 0
        var receiveCount = 0
    }

    let pipe = BodyPipe(url: "http://h/")
    private let state: Guarded<State>
    private let failure: OpenError.Code?

    init(_ pieces: [[UInt8]], failure: OpenError.Code? = nil) {
        state = Guarded(State(pieces: pieces))
        self.failure = failure
    }

    /// How often the body was given up.
    var closeCount: Int { state.withLock { $0.closeCount } }
    /// How often more was asked for.
    var receiveCount: Int { state.withLock { $0.receiveCount } }

    func demand() {}

    /// What a thread that waits does itself, somebody else does for a task.
    func readerWaits() {
        while pipe.moment.waitingSince != nil { receiveOne() }
    }

    func drive(until count: Int?, limit: Duration?) throws(OpenError) {
        while !pipe.isReady(count) { receiveOne() }
    }

    func giveUp(_ reason: GivingUp) {
        state.withLock { $0.closeCount += 1 }
        pipe.close()
    }

    private func receiveOne() {
        let piece = state.withLock { state in
            state.receiveCount += 1
            return state.pieces.isEmpty ? nil : state.pieces.removeFirst()
        }
        if let piece {
            pipe.offer(piece)
        } else if let failure {
            pipe.finish(.failed(OpenError(failure, .read, url: pipe.url, detail: "scripted")))
        } else {
            pipe.finish(.complete)
        }
    }
}
