internal import MinatoServer
internal import MinatoSocket

/// The server of scripts/hold: it sends each line back, on one loop.
enum Crowded {
    static func serve(_ face: String, _ limit: Duration) throws {
        let tally = Tally()
        let loops = try EventLoopGroup(loops: 1)
        var limits = ServerLimits()
        if limit > .zero {
            (limits.firstByteTimeout, limits.idleTimeout, limits.writeTimeout) = (limit, limit, limit)
        }
        var hooks = StreamServerHooks()
        let givenUp = Tally()
        hooks.onTimeout = { _ in _ = givenUp.begin() }
        let server = try TCPServer(on: .tcp("127.0.0.1", 0), limits: limits, hooks: hooks)
        if face == "responder" {
            Hosts.serve(loops) {
                try await server.serve(on: loops, responder: { _ in LineEcho(ticket: Ticket(tally)) })
            }
        } else {
            Hosts.serve(loops) {
                try await server.serve(on: loops) { connection in
                    let ticket = Ticket(tally)
                    defer { withExtendedLifetime(ticket) {} }
                    while let line = try await connection.readLine() { try await connection.write(line) }
                }
            }
        }
        Console.say("port=\(server.address.port ?? 0)")
        Console.obey { _ in Console.status([("tasks", tally.inFlight), ("givenup", givenUp.inFlight)]) }
    }
}

/// Sends back all lines that are complete.
struct LineEcho: StreamResponder {
    let ticket: Ticket

    mutating func respond(to input: Span<UInt8>, output: inout ResponderOutput) -> ResponderVerdict {
        for place in input.indices.reversed() where input[place] == 10 {
            output.append(input.extracting(..<(place + 1)))
            return .goOn(consumed: place + 1)
        }
        return .goOn(consumed: 0)
    }
}
