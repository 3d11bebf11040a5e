import Minato
import TestSupport
import Testing

/// The code of the article "Servers". What can be run in a moment is run.
@Suite("Servers: the article", .watchdog)
struct ServersSnippets {
    struct Lines: StreamResponder {
        mutating func respond(to input: Span<UInt8>, output: inout ResponderOutput) -> ResponderVerdict {
            for place in input.indices where input[place] == UInt8(ascii: "\n") {
                output.append(input.extracting(...place))
                return .goOn(consumed: place + 1)
            }
            return .goOn(consumed: 0)  // the line has not ended yet
        }
    }

    @Test("A responder is a function of bytes")
    func responder() {
        var output = ResponderOutput()
        var lines = Lines()
        let verdict = lines.respond(to: Array("one\ntw".utf8).span, output: &output)
        #expect(verdict == .goOn(consumed: 4))
        let count = output.count
        #expect(count == 4)
    }

    @Test("A server that serves nobody drains at once, and can be handed over")
    func ends() async throws {
        let pair = try Socket.pair()
        try handOver(TCPServer(on: .tcp("localhost", 0)), to: pair.first, received: pair.second)
        let server = try TCPServer(on: .tcp("localhost", 0))
        let report = await server.drain(timeout: .seconds(10))
        print(report)  // 42 finished, 1 ended
        #expect(report.description == "0 finished, 0 ended")
    }

    private func handOver(
        _ predecessor: TCPServer, to control: borrowing Socket, received otherEnd: borrowing Socket
    ) throws {
        try predecessor.handOver(to: control)  // a Unix socket, connected to the new process
        let successor = try TCPServer(receivingFrom: otherEnd)  // there
        #expect(successor.address == predecessor.address)
    }

    // Compiled, not run: the port is fixed.

    private func echo() async throws {
        let server = try TCPServer(on: .tcp("localhost", 9999))
        try await server.serve { connection in
            for try await chunk in connection.chunks { try await connection.write(chunk) }
        }
    }

    private func addressed(_ server: TCPServer) async throws {
        try await server.serve { connection, client in
            try await connection.write("You are \(client).\n")
        }
    }

    private func hooked() throws {
        var hooks = StreamServerHooks()
        hooks.onError = { error, client in print("\(client?.description ?? "server"): \(error)") }
        let server = try TCPServer(on: .tcp("localhost", 9999), hooks: hooks)
        _ = server
    }

    private func refuse(_ connection: Connection) async throws {
        try await connection.write("too large\n")
        try connection.finishWriting()
        while try await !connection.read(atMost: 65_536).isEmpty {}
    }
}
