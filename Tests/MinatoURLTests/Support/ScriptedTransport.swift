import HTTPTypes
import MinatoSocket

@testable import MinatoURL

/// A transport without a network: a script answers, and the requests are kept.
final class ScriptedTransport: BlockingTransport, @unchecked Sendable {
    struct Reply: Sendable {
        var status: Int
        var fields: [(String, String)] = []
        var body = ""
    }

    private let lock = Lock()
    private var kept: [URLOpener.Request] = []
    private let script: @Sendable (URLOpener.Request, Int) -> Reply

    /// The script gets the request and how many came before it.
    init(_ script: @escaping @Sendable (URLOpener.Request, Int) -> Reply) {
        self.script = script
    }

    /// Answers with these replies, one after another, the last one again and again.
    convenience init(_ replies: Reply...) {
        self.init { _, index in replies[min(index, replies.count - 1)] }
    }

    /// What was sent.
    var requests: [URLOpener.Request] { lock.withLock { kept } }

    func perform(_ request: URLOpener.Request, timeout: Duration?) throws(OpenError) -> BlockingHop {
        let index = lock.withLock {
            kept.append(request)
            return kept.count - 1
        }
        let reply = script(request, index)
        var fields = HTTPFields()
        for (name, value) in reply.fields {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        return BlockingHop(
            head: URLOpener.ResponseHead(status: reply.status, fields: fields),
            body: ScriptedSource([Array(reply.body.utf8)]))
    }
}

/// A body that comes in chosen pieces, and may end in an error.
final class ScriptedSource: BlockingSource, @unchecked Sendable {
    private var pieces: [[UInt8]]
    private let failure: OpenError.Code?
    /// How often the body was given up.
    private(set) var closeCount = 0
    /// How often more was asked for.
    private(set) var receiveCount = 0

    init(_ pieces: [[UInt8]], failure: OpenError.Code? = nil) {
        self.pieces = pieces
        self.failure = failure
    }

    func receive(into queue: inout ByteQueue, until count: Int, timeout: Duration?) throws(OpenError) -> Bool {
        receiveCount += 1
        while queue.count < count {
            if pieces.isEmpty {
                guard let failure else { return true }
                throw OpenError(failure, .read, url: "http://h/", detail: "scripted")
            }
            queue.append(contentsOf: pieces.removeFirst())
        }
        return false
    }

    func close() { closeCount += 1 }

    func interrupt() {}
}
