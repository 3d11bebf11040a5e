import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

/// What a test of the faces on event loops is run with.
struct LoopStage: Sendable, CustomTestStringConvertible {
    enum Face: CaseIterable { case async, responder }

    let face: Face
    let loops: Int
    let backend: EventLoop.Backend

    /// Both faces, one loop and two, both backends.
    static let all = Face.allCases.flatMap { face in
        [1, 2].flatMap { loops in
            [EventLoop.Backend.epoll, .poll].map { LoopStage(face: face, loops: loops, backend: $0) }
        }
    }

    /// One backend, for tests that are not about readiness.
    static let epoll = all.filter { $0.backend == .epoll }

    static func of(_ face: Face) -> [LoopStage] { all.filter { $0.face == face } }

    var testDescription: String { "\(face), \(loops) \(backend)" }

    func group() throws(SocketError) -> EventLoopGroup { try EventLoopGroup(loops: loops, backend: backend) }

    /// Sends back what comes, until the client ends.
    func echo(_ server: StreamServer, _ loops: EventLoopGroup) async throws(SocketError) {
        switch face {
        case .async: try await server.serve(on: loops, echoInTask)
        case .responder: try await server.serve(on: loops, responder: { _ in EchoResponder() })
        }
    }

    /// Answers each line in capitals.
    func upper(_ server: StreamServer, _ loops: EventLoopGroup) async throws(SocketError) {
        switch face {
        case .async:
            try await server.serve(on: loops) { connection in
                while let line = try await connection.readLine(limit: 100_000) {
                    let text = String(decoding: line, as: UTF8.self).uppercased()
                    try await connection.write(text.hasSuffix("\n") ? text : text + "\n")
                }
            }
        case .responder: try await server.serve(on: loops, responder: { _ in UpperResponder() })
        }
    }
}

/// A server that serves on loops of its own, until it is shut down.
final class LoopServing: Sendable {
    let loops: EventLoopGroup
    private let server: StreamServer
    private let task: Task<Void, Never>
    private let result = Journal<Result<Void, any Error>>()

    typealias Serve = @Sendable (StreamServer, EventLoopGroup) async throws -> Void

    init(_ server: StreamServer, _ stage: LoopStage, _ serve: @escaping Serve) throws {
        let loops = try stage.group()
        let result = result
        self.loops = loops
        self.server = server
        // Not on Swift's own threads, of which there are few, and on which tests wait.
        task = Task(executorPreference: try EventLoopGroup.shared.next()) {
            do {
                try await serve(server, loops)
                result.write(.success(()))
            } catch {
                result.write(.failure(error))
            }
        }
    }

    /// Waits until serving has begun, or is over.
    func begun() -> LoopServing {
        while server.state.withLock({ $0.phase == .ready }) { sched_yield() }
        return self
    }

    /// Cancels the task that serves.
    func cancel() { task.cancel() }

    /// Whether `serve` has returned already.
    var hasReturned: Bool { !result.entries.isEmpty }

    /// Waits until `serve` has returned, and ends the loops. Throws what it threw.
    func join() throws {
        let result = result.wait(for: 1)
        loops.shutdown()
        try result.first?.get()
    }

    /// The code of what it threw.
    func joinedCode() -> SocketError.Code? {
        do {
            try join()
            return nil
        } catch {
            return (error as? SocketError)?.code
        }
    }
}

extension LoopStage {
    /// Runs `body` while `serve` serves; then shuts the server down and waits for the end.
    func serving<Result>(
        _ server: StreamServer, _ serve: @escaping LoopServing.Serve, while body: () throws -> Result
    ) throws -> Result {
        let background = try LoopServing(server, self, serve)
        let result = Swift.Result { try body() }
        server.shutdown()
        try background.join()
        return try result.get()
    }
}

@Sendable
func echoInTask(_ connection: Connection) async throws {
    while case let bytes = try await connection.read(atMost: 65_536), !bytes.isEmpty {
        try await connection.write(bytes)
    }
}

struct EchoResponder: StreamResponder {
    mutating func respond(to input: Span<UInt8>, output: inout ResponderOutput) -> ResponderVerdict {
        output.append(input)
        return .goOn(consumed: input.count)
    }
}

/// One line after the other; a last one without its end too.
struct UpperResponder: StreamResponder {
    mutating func respond(to input: Span<UInt8>, output: inout ResponderOutput) -> ResponderVerdict {
        for place in input.indices where input[place] == 10 {
            append(input, ..<place, &output)
            return .goOn(consumed: place + 1)
        }
        return .goOn(consumed: 0)
    }

    mutating func end(rest: Span<UInt8>, output: inout ResponderOutput) {
        if !rest.isEmpty { append(rest, ..<rest.count, &output) }
    }

    private func append(_ input: Span<UInt8>, _ range: PartialRangeUpTo<Int>, _ output: inout ResponderOutput) {
        for place in 0..<range.upperBound {
            let byte = input[place]
            output.append(97...122 ~= byte ? byte - 32 : byte)
        }
        output.append(10)
    }
}

/// A responder made of a closure.
struct ClosureResponder: StreamResponder {
    let answer: (Span<UInt8>, inout ResponderOutput) throws -> ResponderVerdict
    var atEnd: (Span<UInt8>, inout ResponderOutput) throws -> Void = { _, _ in }

    mutating func respond(to input: Span<UInt8>, output: inout ResponderOutput) throws -> ResponderVerdict {
        try answer(input, &output)
    }

    mutating func end(rest: Span<UInt8>, output: inout ResponderOutput) throws { try atEnd(rest, &output) }
}

/// A client with a time limit, that a test hands about.
func sharedClient(of server: StreamServer, timeout: Duration = .seconds(20)) throws -> SharedSocket {
    var socket = try client(of: server)
    try socket.setTimeout(timeout)
    return SharedSocket(socket)
}

extension SocketServer {
    /// Whether nobody listens any more.
    var isRefusing: Bool {
        errorCode { () throws(SocketError) in _ = try Socket.connect(to: .address(address)) } == .connectionRefused
    }
}

extension SharedSocket {
    /// Sends, and receives as much as an echo gives.
    func exchange(_ text: String) throws -> String {
        try socket.sendAll(text)
        return String(decoding: try socket.receiveExactly(text.utf8.count), as: UTF8.self)
    }

    /// Whether nothing comes for so many milliseconds, the end of the stream neither.
    func isSilent(for milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, milliseconds) == 0
    }
}

extension Socket {
    /// So many bytes; less at the end of the stream.
    borrowing func receiveExactly(_ count: Int) throws(SocketError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let piece = try receive(atMost: count - bytes.count)
            if piece.isEmpty { break }
            bytes += piece
        }
        return bytes
    }

    /// How the stream ends: nil when the peer ends it, or the error.
    borrowing func drainToEnd() -> SocketError.Code? {
        while true {
            do throws(SocketError) {
                if try receive(atMost: 65_536).isEmpty { return nil }
            } catch {
                return error.code
            }
        }
    }
}

/// A door at which tasks wait until it is opened.
final class Door: Sendable {
    private let state = Guarded<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))
    let arrivals = Journal<Void>()

    func pass() async {
        arrivals.write(())
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            defer { state = (true, []) }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
