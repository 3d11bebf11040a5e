import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("Datagrams on event loops: replies", .watchdog)
struct DatagramRepliesTests {
    private static func bytes(_ count: Int, _ number: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &+ number &* 31) }
    }

    @Test(
        "A handler replies as often as it likes, and in this order",
        arguments: DatagramStage.single.filter { $0.face == .async },
        [
            [], [5], [0], [5, 5, 5, 2, 2, 0, 0, 7], [1232, 1233, 1232, 3000, 1], [0, 65_507, 1],
            [Int](repeating: 700, count: 40),
        ])
    func several(stage: DatagramStage, sizes: [Int]) throws {
        let server = try udpServer()
        try stage.serving(server) { (server, loops) in
            try await server.serve(on: loops) { request in
                if request.bytes.isEmpty { return try await request.reply("end") }
                for (number, size) in sizes.enumerated() { try await request.reply(Self.bytes(size, number)) }
            }
        } while: {
            let client = try datagramClient(of: server)
            for _ in 0..<3 {
                for _ in 0..<2 { try client.send([1]) }
                try client.send([])
                for _ in 0..<2 {
                    for (number, size) in sizes.enumerated() {
                        try #expect(client.receive(atMost: 65_536) == Self.bytes(size, number))
                    }
                }
                try #expect(client.receive(atMost: 65_536) == Array("end".utf8))
            }
        }
    }

    @Test("More replies than one batch takes all leave", arguments: DatagramStage.of(.async))
    func many(stage: DatagramStage) throws {
        let server = try udpServer()
        try stage.serving(server) { (server, loops) in
            try await server.serve(on: loops) { request in
                for number in 0..<150 as Range<UInt8> { try await request.reply([number]) }
            }
        } while: {
            let client = try datagramClient(of: server)
            try client.send([])
            var received: [UInt8] = []
            for _ in 0..<150 { received += try client.receive(atMost: 10) }
            #expect(received == Array(0..<150))
        }
    }

    static let servers = [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.2"), ("::", "::1"), ("::", "127.0.0.3")]

    @Test(
        "Replies to one client that leave together come as single datagrams, from the address that was asked",
        arguments: DatagramStage.all, Socket.hasDualStack ? servers : Array(servers.prefix(2)))
    func together(stage: DatagramStage, addresses: (bound: String, asked: String)) throws {
        let (bound, asked) = addresses
        let server = try UDPServer(on: .udp(bound, 0), dualStack: bound == "::")
        let target = try SocketAddress(host: asked, port: server.address.port ?? 0)
        var client = try Socket(target.family, .datagram)
        try client.setTimeout(.seconds(20))
        try client.connect(to: target)
        // They wait when serving begins, and so are received together.
        for number in 0..<64 { try client.send(Self.bytes(100, number)) }
        try stage.echoing(server) {
            for number in 0..<64 where stage.loops == 1 {
                try #expect(client.receive(atMost: 1000) == Self.bytes(100, number))
            }
            for _ in 0..<64 where stage.loops > 1 { try #expect(client.receive(atMost: 1000).count == 100) }
        }
    }

    @Test("Where replies cannot leave together they leave one by one", arguments: DatagramStage.all)
    func apart(stage: DatagramStage) throws {
        let told = Journal<any Error>()
        var hooks = DatagramServerHooks()
        hooks.onError = { error, _ in told.write(error) }
        let socket = try Socket.bound(to: .udp("127.0.0.1", 0))
        // Without checksums the kernel does not cut messages up.
        try socket.setOption(SocketOption<Bool>(level: SOL_SOCKET, name: SO_NO_CHECK), true)
        let server = try UDPServer(adopting: socket, hooks: hooks)
        let client = try datagramClient(of: server)
        for number in 0..<64 { try client.send(Self.bytes(100, number)) }
        try stage.echoing(server) {
            for round in 0..<3 {
                if round > 0 { for number in 0..<64 { try client.send(Self.bytes(100, number)) } }
                var received: Set<[UInt8]> = []
                for _ in 0..<64 { received.insert(try client.receive(atMost: 1000)) }
                #expect(received == Set((0..<64).map { Self.bytes(100, $0) }))
            }
        }
        #expect(told.entries.isEmpty)
    }

    @Test("A handler's reply leaves although the handler shuts the server down", arguments: DatagramStage.of(.async))
    func lastWords(stage: DatagramStage) throws {
        let server = try udpServer()
        let serving = try DatagramServing(server, stage) { (server, loops) in
            try await server.serve(on: loops) { request in
                try await request.reply("bye")
                server.shutdown()
            }
        }
        let client = try datagramClient(of: server)
        try client.send([])
        try #expect(client.receive(atMost: 10) == Array("bye".utf8))
        try serving.join()
    }

    @Test(
        "Of windows of 128 datagrams none is forgotten, however handlers wait, and however few there may be",
        arguments: DatagramStage.all, [2, 100, 1000])
    func windows(stage: DatagramStage, places: Int) throws {
        var limits = ServerLimits()
        limits.maxConnections = places
        let server = try udpServer(limits: limits)
        try stage.serving(server) { (server, loops) in
            if stage.face == .responder { return try await stage.echo(server, loops) }
            try await server.serve(on: loops) { request in
                // Some at once, some after others, some after the loop has waited.
                switch request.bytes.first ?? 0 {
                case 1: await Task.yield()
                case 2: try await EventLoopGroup.shared.next().sleep(for: .zero)
                default: break
                }
                try await request.reply(request.bytes)
            }
        } while: {
            let clients = try (0..<4).map { _ in try DatagramPeer(of: server) }
            for round in 0..<20 {
                for client in clients {
                    for number in 0..<32 { try client.socket.send([UInt8(number % (round % 4 + 1)), UInt8(number)]) }
                }
                for client in clients {
                    var received: Set<UInt8> = []
                    for _ in 0..<32 { received.insert(try client.socket.receive(atMost: 10).last ?? 99) }
                    #expect(received == Set(0..<32))
                }
            }
            #expect(server.droppedByKernel == 0)
        }
    }
}
