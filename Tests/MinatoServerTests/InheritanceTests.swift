import Glibc
import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("What programs that are started inherit", .watchdog)
struct InheritanceTests {
    @Test("No descriptor of servers, loops, connections, resolvers and selectors, whenever the program is started")
    func nothing() async {
        // In a process of its own: a program inherits what others have open there, too.
        await #expect(processExitsWith: .success) { try await Self.startPrograms() }
    }

    private static func startPrograms() async throws {
        let before = try inherited()
        let directory = try TemporaryDirectory()
        let loops = try EventLoopGroup(loops: 2)
        let polling = try EventLoop(backend: .poll)
        let servers: [StreamServer] = [
            try tcpServer(), try tcpServer(), try tcpServer(), try UnixStreamServer(on: .unix(directory.file("s"))),
        ]
        let datagramServers: [DatagramServer] = [
            try UDPServer(on: .udp("127.0.0.1", 0)), try UnixDatagramServer(on: .unixDatagram(directory.file("d"))),
        ]
        let blocking = try Background { try servers[2].serveBlocking(echo) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await servers[0].serve(on: loops, echoInTask) }
            group.addTask { try await servers[1].serve(on: loops, responder: { _ in EchoResponder() }) }
            group.addTask { try await servers[3].serve(on: loops, echoInTask) }
            for server in datagramServers {
                group.addTask { try await server.serve(on: loops) { try await $0.reply($0.bytes) } }
            }
            // Meanwhile sockets of all kinds are opened, accepted, connected, received, looked up, and closed again.
            let isOver = Guarded(false)
            let visitors = try servers.map { server in
                try Background {
                    while !isOver.withLock({ $0 }) { try #expect(sharedClient(of: server).exchange("x") == "x") }
                }
            }
            let selecting = try Background {
                while !isOver.withLock({ $0 }) { try openAndSelect() }
            }
            async let talking: Void = {
                while !isOver.withLock({ $0 }) {
                    _ = try await Resolver.resolve("localhost", service: "80")
                    try await talk(to: datagramServers[0].address, on: polling)
                }
            }()
            let starting = try Background {
                for _ in 0..<50 { try #expect(inherited() == before) }
            }
            try await starting.value
            isOver.withLock { $0 = true }
            for visitor in visitors { try await visitor.value }
            try await selecting.value
            // Before its server ends, which may leave a datagram without an answer.
            try await talking
            for server in servers { server.shutdown() }
            for server in datagramServers { server.shutdown() }
            try await group.waitForAll()
        }
        try await blocking.value
        polling.shutdown()
    }

    /// A selector with sockets and signals, and descriptors that were passed.
    private static func openAndSelect() throws {
        let pair = try Socket.pair()
        try pair.first.send(descriptors: [pair.first.descriptor], with: [1])
        let received = try pair.second.receiveDescriptors(atMost: 1)
        let copy = try pair.first.duplicate()
        let signals = try SignalDescriptor([SIGUSR2])
        var selector = try Selector<Void>()
        try selector.register(signals.descriptor, for: .read, value: ())
        try selector.register(copy, for: .write, value: ())
        try #expect(selector.select().count == 1)
        #expect(received.descriptors.count == 1)
    }

    /// A connection and a datagram socket on a loop.
    private static func talk(to server: SocketAddress, on loop: EventLoop) async throws {
        let listener = try await MinatoSocket.Listener(on: .tcp("127.0.0.1", 0), loop: loop)
        try await withConnection(to: .address(listener.localAddress), loop: loop) { connection in
            let accepted = try await listener.accept()
            try await accepted.write("x")
            try #expect(await connection.read(atMost: 2) == [120])
        }
        let datagrams = try await DatagramSocket(connectedTo: .udp("127.0.0.1", server.port ?? 0), loop: loop)
        try await datagrams.send([1])
        try #expect(await datagrams.receive(atMost: 2).bytes == [1])
    }

    /// What a program has open that is started now, beside the three standard streams and what it opens itself.
    private static func inherited() throws -> [String] {
        let list = try ChildProcess(["ls", "-l", "/proc/self/fd"])
        let lines = list.readToEnd().split(separator: "\n").map { $0.split(separator: " ") }
        #expect(list.wait() == 0)
        // "lr-x------ 1 root root 64 Jan  1 00:00 3 -> /proc/4711/fd"
        return lines.compactMap { words in
            guard words.count > 3, words[words.count - 2] == "->", let number = Int(words[words.count - 3]) else {
                return nil
            }
            let target = words[words.count - 1]
            return number > 2 && !target.hasPrefix("/proc/") ? "\(number) \(target)" : nil
        }
    }
}
