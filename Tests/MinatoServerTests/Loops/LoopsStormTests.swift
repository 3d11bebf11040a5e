import Glibc
import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("Ending servers on event loops while clients storm in", .watchdog)
struct LoopsStormTests {
    /// How a server is ended.
    private enum End: CaseIterable { case thread, twice, cancelled, handler, atTheBeginning, before }

    @Test(
        "Ended 200 times, in every way: serve returns, every handler with it, and no client is left waiting",
        arguments: LoopStage.all)
    func storm(stage: LoopStage) throws {
        let storm = try Storm()
        let live = Guarded(0)
        for round in 0..<200 {
            let end = End.allCases[round % End.allCases.count]
            let server = try tcpServer()
            if end == .before { server.shutdown() }
            let serving = try LoopServing(server, stage) { server, loops in
                try await Self.serve(server, loops, stage.face, live)
            }
            storm.turn(to: server.address)
            if end != .before, end != .atTheBeginning { storm.wait(for: Int.random(in: 1..<30)) }
            switch end {
            case .thread, .atTheBeginning: server.shutdown()
            case .twice:
                let other = try Background { server.shutdown() }
                server.shutdown()
                try other.join()
            case .cancelled: serving.cancel()
            case .handler: try sharedClient(of: server).socket.sendAll("end")
            case .before: break
            }
            let code = serving.joinedCode()
            switch end {
            case .thread, .twice, .handler: #expect(code == nil)
            case .cancelled: #expect(code == .cancelled)
            case .before: #expect(code == .closed)
            // It may come before the beginning.
            case .atTheBeginning: #expect(code == nil || code == .closed)
            }
            #expect(live.withLock { $0 } == 0)
            server.shutdown()
        }
        let outcomes = try storm.end()
        let expected: Set<SocketError.Code?> = [nil, .connectionRefused, .connectionReset, .brokenPipe]
        #expect(expected.isSuperset(of: outcomes), "\(outcomes)")
    }

    /// Sends back what comes; "end" ends the server.
    private static func serve(
        _ server: StreamServer, _ loops: EventLoopGroup, _ face: LoopStage.Face, _ live: Guarded<Int>
    ) async throws {
        switch face {
        case .async:
            try await server.serve(on: loops) { connection in
                live.withLock { $0 += 1 }
                defer { live.withLock { $0 -= 1 } }
                while case let bytes = try await connection.read(atMost: 100), !bytes.isEmpty {
                    if bytes == Array("end".utf8) { server.shutdown() }
                    try await connection.write(bytes)
                }
            }
        case .responder:
            try await server.serve(
                on: loops,
                responder: { _ in
                    ClosureResponder { input, output in
                        if input.count == 3 { server.shutdown() }
                        output.append(input)
                        return .goOn(consumed: input.count)
                    }
                })
        }
    }
}

/// Clients who connect, are served, or are not, and connect again, as fast as they can.
private final class Storm: Sendable {
    private let state = Guarded<(target: SocketAddress?, isOver: Bool)>((nil, false))
    /// How many were served by the present target: one that was ended may be counted for later than the next one begins.
    private let served = Guarded<(target: SocketAddress?, count: Int)>((nil, 0))
    private let clients: [Background<Set<SocketError.Code?>>]

    init() throws {
        let (state, served) = (state, served)
        clients = try (0..<4).map { _ in
            try Background {
                var outcomes: Set<SocketError.Code?> = []
                while true {
                    let (target, isOver) = state.withLock { $0 }
                    if isOver { return outcomes }
                    guard let target else { continue }
                    do throws(SocketError) {
                        var connection = try Socket.connect(to: .address(target), timeout: .seconds(60))
                        try connection.setTimeout(.seconds(60))
                        try connection.sendAll("hello")
                        if try connection.receiveExactly(5).count == 5 {
                            served.withLock { if $0.target == target { $0.count += 1 } }
                            served.wakeAll()
                        }
                        outcomes.insert(nil)
                    } catch {
                        outcomes.insert(error.code)
                    }
                }
            }
        }
    }

    /// Whom they connect to from now on.
    func turn(to target: SocketAddress) {
        served.withLock { $0 = (target, 0) }
        state.withLock { $0.target = target }
    }

    /// Waits until the present target has served so many.
    func wait(for count: Int) {
        _ = served.wait { $0.count >= count ? true : nil }
    }

    /// Ends it, and gives what became of them: nil for those who were served, or closed without an error.
    func end() throws -> Set<SocketError.Code?> {
        state.withLock { $0.isOver = true }
        return try clients.reduce(into: []) { $0.formUnion(try $1.join()) }
    }
}
