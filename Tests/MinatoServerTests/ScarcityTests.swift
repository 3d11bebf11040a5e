import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

/// Failures that a test cannot bring about without harm to the others, put in where the kernel would put them.
@Suite("When the system runs out", .watchdog)
struct ScarcityTests {
    /// Fails as long as it has failures left.
    private final class Script: @unchecked Sendable {
        private let lock = Lock()
        private var failures: [Int32]
        init(_ failures: [Int32]) { self.failures = failures }

        func next() throws(SocketError) {
            let failure = lock.withLock { failures.isEmpty ? nil : failures.removeFirst() }
            if let failure { throw SocketError(.accept, .init(failure)) }
        }

        var isOver: Bool { lock.withLock { failures.isEmpty } }
    }

    private func hooks(_ errors: Journal<Int32>) -> StreamServerHooks {
        var hooks = StreamServerHooks()
        hooks.onError = { error, client in
            #expect(client == nil)
            errors.write((error as? SocketError)?.code.rawValue ?? -1)
        }
        return hooks
    }

    /// Serves "x" to each connection, after the failures of the script.
    private func serve(_ server: TCPServer, _ script: Script) throws(SocketError) {
        try server.serve { (listener) throws(SocketError) in
            try script.next()
            let accepted = try listener.socket.accept()
            let descriptor = accepted.socket.descriptor
            let connection = Handover(accepted.socket)
            return SocketServer.Taken(descriptor: descriptor) { dismiss in
                let socket = connection.take()
                if let socket { try? socket.sendAll("x") }
                dismiss()
            }
        }
    }

    @Test("Without descriptors accepting pauses, is told once an episode, and goes on by itself")
    func descriptors() throws {
        let errors = Journal<Int32>()
        let server = try tcpServer(hooks: hooks(errors))
        let script = Script([EMFILE, EMFILE, ENFILE, ECONNABORTED, ENOBUFS])
        let clock = ContinuousClock()
        try serving(server) {
            try serve($0, script)
        } while: {
            let begin = clock.now
            try #expect(client(of: server).readToEnd() == "x")
            #expect(clock.now - begin >= .milliseconds(5 + 10 + 20 + 40))
            try #expect(client(of: server).readToEnd() == "x")
        }
        #expect(script.isOver)
        #expect(errors.entries == [EMFILE])
    }

    @Test("A pause ends when a job does, which frees a descriptor")
    func wokenByClosing() throws {
        let server = try tcpServer()
        let gate = Gate()
        try serving(server) {
            try $0.serveBlocking { _, _ in gate.pass() }
        } while: {
            let connection = try client(of: server)
            gate.wait(for: 1)
            let jobsDone = server.state.withLock { $0.jobsDone }
            let pause = try Background { server.waitForDescriptors(.seconds(3600), after: jobsDone) }
            gate.open()
            let reply = try connection.readToEnd()
            #expect(reply == "")
            try pause.join()
        }
    }

    @Test("A shutdown ends a pause")
    func shutdownDuringPause() throws {
        let errors = Journal<Int32>()
        let server = try tcpServer(hooks: hooks(errors))
        try serving(server) {
            try serve($0, Script([Int32](repeating: ENOMEM, count: 100_000)))
        } while: {
            let connection = try client(of: server)
            errors.wait(for: 1)
            server.shutdown()
            // Refused by a reset: it was never accepted.
            #expect(errorCode { () throws(SocketError) in _ = try connection.receive(atMost: 1) } == .connectionReset)
        }
        #expect(errors.entries == [ENOMEM])
    }

    @Test("A connection that is gone when it is to be accepted does not make the server deaf")
    func nothingThere() throws {
        let server = try tcpServer()
        let attempts = Journal<Bool>()
        let background = try Background {
            try server.serve { (listener) throws(SocketError) in
                attempts.write(true)
                let accepted = try listener.socket.accept()
                let connection = Handover(accepted.socket)
                return SocketServer.Taken(descriptor: nil) { _ = (connection, $0()) }
            }
        }
        // As if it had been ready: the first connection proves that the server serves.
        _ = try client(of: server).readToEnd()
        server.state.withLock { $0.watch }?.wake()
        attempts.wait(for: 2)
        server.shutdown()
        try background.join()
    }

    @Test("An error of the listener ends serving and closes the server")
    func fatal() throws {
        let server = try tcpServer()
        let connection = try client(of: server)
        let error = #expect(throws: SocketError.self) { () throws in try serve(server, Script([EBADF])) }
        #expect(error?.code == .badDescriptor)
        #expect(errorCode { () throws(SocketError) in _ = try connection.receive(atMost: 1) } == .connectionReset)
        #expect(errorCode { () throws(SocketError) in try server.serveBlocking(echo) } == .closed)
    }

    @Test("Without any thread serving throws, and may be tried again")
    func noThread() throws {
        let server = try tcpServer()
        let start = server.startThread
        server.startThread = { _ throws(SocketError) in throw SocketError(.startThread, .init(EAGAIN)) }
        let error = #expect(throws: SocketError.self) { try server.serveBlocking(echo) }
        #expect(error?.operation == .startThread)
        server.startThread = start
        try serving(server) {
            try $0.serveBlocking(with: Upper.init)
        } while: {
            let connection = try client(of: server)
            try connection.sendAll("again")
            try #expect(connection.readToEnd() == "AGAIN")
        }
    }

    /// Each client gets a byte when it has passed the gate.
    private func servingAtGate(_ server: TCPServer, _ gate: Gate, while body: () throws -> Void) throws {
        let serve: @Sendable (TCPServer) throws -> Void = { server in
            try server.serveBlocking { connection, _ in
                gate.pass()
                try connection.sendAll("x")
            }
        }
        try serving(server, serve, while: body)
    }

    /// It used to wait for one of those that live, however long those took.
    @Test("A thread that could not be started is started later, while the others are busy")
    func laterThread() throws {
        let errors = Journal<Int32>()
        let server = try tcpServer(hooks: hooks(errors))
        let tries = Journal<Bool>()
        let start = server.startThread
        server.startThread = { (body) throws(SocketError) in
            tries.write(true)
            if 2...4 ~= tries.entries.count { throw SocketError(.startThread, .init(EAGAIN)) }
            try start(body)
        }
        let gate = Gate()
        try servingAtGate(server, gate) {
            let clients = [SharedSocket(try client(of: server)), SharedSocket(try client(of: server))]
            // Both are being served, and neither comes to its end.
            gate.wait(for: 2)
            gate.open()
            for client in clients { try #expect(client.socket.readToEnd() == "x") }
        }
        #expect(errors.entries == [EAGAIN])
    }

    @Test("Without further threads the lack is told once, and those that live serve all")
    func noFurtherThread() throws {
        let errors = Journal<Int32>()
        let server = try tcpServer(hooks: hooks(errors))
        let started = Journal<Bool>()
        let start = server.startThread
        server.startThread = { (body) throws(SocketError) in
            if started.entries.count == 1 { throw SocketError(.startThread, .init(EAGAIN)) }
            started.write(true)
            try start(body)
        }
        let gate = Gate()
        try servingAtGate(server, gate) {
            var clients: [SharedSocket] = []
            for _ in 0..<5 { clients.append(SharedSocket(try client(of: server))) }
            gate.wait(for: 1)
            errors.wait(for: 1)
            gate.open()
            for client in clients { try #expect(client.socket.readToEnd() == "x") }
        }
        #expect(errors.entries == [EAGAIN])
        #expect(gate.peak == 1)
    }
}
