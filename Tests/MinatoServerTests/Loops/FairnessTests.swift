import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

/// Clients that ask for much at once beside one that asks for little. Counted, not timed: there is one loop, and its thread sends
/// for the clients as well, so that what happens between two looks at the descriptors is known.
@Suite("Fairness", .watchdog)
struct FairnessTests {
    private static let size = 50
    /// Lines that a handler may take in a row.
    private static let share = 32

    /// What has happened, in order.
    private final class Course: Sendable {
        private struct State {
            var lines = 0
            var rounds = 0
            /// How many lines of the crowd had been taken when the quiet client's was sent, and when it was answered.
            var asked = 0
            var answered: Int?
        }

        private let state = Guarded(State())

        /// A line of the crowd is taken. Its number.
        func take() -> Int {
            state.withLockAndWake { state in
                state.lines += 1
                return state.lines
            }
        }

        /// A line of the quiet client is taken. Its number.
        func goRound() -> Int {
            state.withLock { state in
                state.rounds += 1
                return state.rounds
            }
        }

        func ask() { state.withLock { $0.asked = $0.lines } }
        func answer() { state.withLockAndWake { $0.answered = $0.lines } }

        func wait(forLines count: Int) { state.wait { $0.lines >= count ? () : nil } }

        /// Waits for the answer: how many lines of the crowd were taken before it.
        func linesBeforeAnswer() -> Int? {
            state.wait { state in state.answered.map { $0 - state.asked } }
        }
    }

    /// A server on one loop, a crowd of clients and a quiet one, whose handlers wait for lines.
    private final class Scene: Sendable {
        let course = Course()
        let crowd: [SharedSocket]
        let quiet: SharedSocket
        private let server: TCPServer
        private let serving: LoopServing
        private let core: LoopCore

        /// - Parameters:
        ///   - answers: whether the crowd's lines are sent back.
        ///   - atLine: called by the loop's thread for each line of the crowd that is taken.
        ///   - atQuietLine: the same for the quiet client's.
        init(
            _ backend: EventLoop.Backend, answers: Bool = true,
            atLine: @escaping @Sendable (Scene, Int) throws -> Void = { _, _ in },
            atQuietLine: @escaping @Sendable (Scene, Int) throws -> Void = { scene, _ in scene.course.answer() }
        ) throws {
            let server = try tcpServer()
            let (begun, stage) = (Journal<Void>(), Journal<Scene>())
            serving = try LoopServing(server, LoopStage(face: .async, loops: 1, backend: backend)) { server, loops in
                try await server.serve(on: loops) { connection in
                    let isQuiet = try await connection.read(exactly: 1) == Array("q".utf8)
                    begun.write(())
                    while let line = try await connection.readLine() {
                        let scene = stage.entries[0]
                        if isQuiet {
                            try atQuietLine(scene, scene.course.goRound())
                        } else {
                            try atLine(scene, scene.course.take())
                            if answers { try await connection.write(line) }
                        }
                    }
                }
            }
            func connect(_ name: String) throws -> SharedSocket {
                let socket = try client(of: server)
                try socket.sendAll(name)
                return SharedSocket(socket)
            }
            crowd = try (0..<size).map { _ in try connect("c") }
            // Where the order is that of the descriptors, it comes behind them.
            begun.wait(for: size)
            quiet = try connect("q")
            self.server = server
            core = try serving.loops.all()[0].core
            stage.write(self)
            begun.wait(for: size + 1)
        }

        /// Has the loop's thread do it, between two looks at the descriptors.
        func onLoop(_ body: @escaping @Sendable (Scene) throws -> Void) {
            core.post { [self] in #expect(throws: Never.self) { try body(self) } }
        }

        /// Each of the crowd sends so many lines.
        func sendLines(_ count: Int) throws {
            let lines = String(repeating: "x\n", count: count)
            for client in crowd { try client.socket.sendAll(lines) }
        }

        func end() throws {
            server.shutdown()
            try serving.join()
        }
    }

    @Test(
        "Regression: a line came behind 256 of each of 50 clients who had sent many",
        arguments: [EventLoop.Backend.epoll, .poll], [true, false])
    func whileOthersAreAtWork(_ backend: EventLoop.Backend, _ answers: Bool) throws {
        let scene = try Scene(
            backend, answers: answers,
            atLine: { scene, number in
                // In the middle, when all of them have begun.
                guard number == 5000 else { return }
                scene.course.ask()
                try scene.quiet.socket.sendAll("now\n")
            })
        scene.onLoop { try $0.sendLines(300) }
        // Those of whoever was at work, and of one more.
        let lines = scene.course.linesBeforeAnswer()
        #expect(lines.map { $0 <= 2 * Self.share } == true, "\(lines as Any)")
        try scene.end()
    }

    @Test(
        "Those who ask for much again and again come behind one who asks for little, though their lines were there first",
        arguments: [EventLoop.Backend.epoll, .poll])
    func whenOthersBeginAgain(_ backend: EventLoop.Backend) throws {
        let scene = try Scene(backend)
        scene.onLoop { try $0.sendLines(60) }
        scene.course.wait(forLines: 60 * Self.size)
        scene.onLoop { scene in
            scene.course.ask()
            try scene.sendLines(60)
            try scene.quiet.socket.sendAll("now\n")
        }
        let lines = scene.course.linesBeforeAnswer()
        #expect(lines.map { $0 <= Self.share } == true, "\(lines as Any)")
        // And are served.
        scene.course.wait(forLines: 120 * Self.size)
        try scene.end()
    }

    @Test(
        "Those who asked for much go on beside one who always has something to ask",
        arguments: [EventLoop.Backend.epoll, .poll])
    func besideOneWhoNeverRests(_ backend: EventLoop.Backend) throws {
        let (count, rounds) = (200 * Self.size, 10_000)
        let scene = try Scene(
            backend,
            atQuietLine: { scene, number in
                if number == rounds { return scene.course.answer() }
                try scene.quiet.socket.sendAll("again\n")
            })
        scene.onLoop { scene in
            try scene.sendLines(200)
            try scene.quiet.socket.sendAll("once\n")
        }
        #expect(scene.course.linesBeforeAnswer() == count)
        try scene.end()
    }
}
