import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("Serving datagrams", .watchdog)
struct DatagramServerTests {
    private func udpServer(
        limits: ServerLimits = ServerLimits(), hooks: DatagramServerHooks = DatagramServerHooks()
    ) throws -> UDPServer {
        try UDPServer(on: .udp("127.0.0.1", 0), limits: limits, hooks: hooks)
    }

    @Test("Python's client of the page gets its words in capitals")
    func upperPage() throws {
        let server = try UDPServer(on: .udp("localhost", 0))
        let port = try #require(server.address.port)
        try serving(server) {
            try $0.serveBlocking { try $0.reply(upper($0.bytes)) }
        } while: {
            let python = try ChildProcess.python(PagePrograms.udpClient, "\(port)", "hello", "world")
            #expect(python.readToEnd() == "Sent:     hello world\nReceived: HELLO WORLD\n")
            #expect(python.wait() == 0)
        }
    }

    @Test("Datagrams of every size come back whole", arguments: [0, 1, 8193, 65_507])
    func sizes(count: Int) throws {
        let server = try udpServer()
        try serving(server) {
            try $0.serveBlocking { try $0.reply($0.bytes) }
        } while: {
            let sender = try Socket(.ipv4, .datagram)
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            try sender.send(bytes, to: server.address)
            let reply = try sender.receiveFrom()
            #expect(reply.bytes == bytes)
            #expect(reply.sender == server.address)
        }
    }

    @Test("A datagram that was cut says so, with its true length")
    func truncated() throws {
        var limits = ServerLimits()
        limits.datagramSize = 10
        let server = try udpServer(limits: limits)
        let requests = Journal<DatagramRequest>()
        try serving(server) {
            try $0.serveBlocking { requests.write($0) }
        } while: {
            let sender = try Socket(.ipv4, .datagram)
            try sender.send([UInt8](repeating: 7, count: 1000), to: server.address)
            let request = requests.wait(for: 1).first
            #expect(request?.bytes == [UInt8](repeating: 7, count: 10))
            #expect(request?.isTruncated == true)
            #expect(request?.datagram.length == 1000)
            // It was not bound to an address when it sent, but to a port.
            let port = try sender.localAddress.port
            #expect(request?.sender.port == port)
        }
    }

    @Test("That a reply was refused does not end the server")
    func refused() throws {
        // Only a connected UDP socket is told what ICMP says: so the server gets one.
        var peer: Socket? = try Socket(.ipv4, .datagram)
        try peer?.bind(to: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
        let peerAddress = try #require(try peer?.localAddress)
        let socket = try Socket(.ipv4, .datagram)
        try socket.bind(to: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
        try socket.connect(to: peerAddress)
        let server = try UDPServer(adopting: socket)
        let gate = Gate()
        let replied = Journal<Bool>()
        try serving(server) { server in
            try server.serveBlocking { request in
                if request.bytes.isEmpty { gate.pass() }
                try request.reply(request.bytes)
                replied.write(true)
            }
        } while: {
            try peer?.send([], to: server.address)
            gate.wait(for: 1)
            peer = nil
            gate.open()
            replied.wait(for: 1)
            var successor = try Socket(.ipv4, .datagram)
            try rebinding { () throws(SocketError) in try successor.bind(to: peerAddress) }
            try successor.setTimeout(.seconds(10))
            try successor.send([1], to: server.address)
            try #expect(successor.receive(atMost: 10) == [1])
        }
    }

    @Test("A handler that throws is reported with the sender; without hooks nobody is told", arguments: [true, false])
    func throwing(hasHook: Bool) throws {
        let errors = Journal<(error: any Error, sender: SocketAddress?)>()
        var hooks = DatagramServerHooks()
        if hasHook { hooks.onError = { error, sender in errors.write((error, sender)) } }
        let server = try udpServer(hooks: hooks)
        try serving(server) { server in
            try server.serveBlocking { request in
                if request.bytes.isEmpty { throw Failure("empty") }
                try request.reply("fine")
            }
        } while: {
            let sender = try Socket(.ipv4, .datagram)
            try sender.bind(to: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
            try sender.send([], to: server.address)
            try sender.send([1], to: server.address)
            try #expect(sender.receive(atMost: 10) == Array("fine".utf8))
            guard hasHook else { return }
            let told = errors.wait(for: 1).first
            let address = try sender.localAddress
            #expect(told?.error as? Failure == Failure("empty"))
            #expect(told?.sender == address)
        }
    }

    @Test("At most as many handlers at a time as there are threads")
    func bounded() throws {
        var limits = ServerLimits()
        limits.threads = 3
        let server = try udpServer(limits: limits)
        let gate = Gate()
        try serving(server) { server in
            try server.serveBlocking { request in
                gate.pass()
                try request.reply(request.bytes)
            }
        } while: {
            let sender = try Socket(.ipv4, .datagram)
            for number in 0..<20 { try sender.send([UInt8(number)], to: server.address) }
            gate.wait(for: 3)
            gate.open()
            var received: Set<UInt8> = []
            for _ in 0..<20 { received.formUnion(try sender.receive(atMost: 10)) }
            #expect(received == Set(0..<20))
        }
        #expect(gate.peak == 3)
    }

    @Test("A shutdown from a handler, and one while it waits, end serving", arguments: [true, false])
    func shutdown(fromHandler: Bool) throws {
        let server = try udpServer()
        let started = Journal<Bool>()
        let background = try Background {
            try server.serveBlocking { _ in
                if fromHandler { server.shutdown() }
                started.write(true)
            }
        }
        try Socket(.ipv4, .datagram).send([], to: server.address)
        started.wait(for: 1)
        if !fromHandler { server.shutdown() }
        try background.join()
        #expect(errorCode { () throws(SocketError) in try server.serveBlocking { _ in } } == .closed)
    }

    @Test("A request can be made without a server, to test a handler")
    func requestAlone() throws {
        let sent = Journal<String>()
        let sender = SocketAddress(ipv4: 192, 0, 2, 1, port: 9)
        let request = DatagramRequest(Datagram(bytes: [65], sender: sender)) { (bytes, receiver) throws(SocketError) in
            sent.write("\(String(decoding: bytes, as: UTF8.self)) to \(receiver)")
        }
        try request.reply("B")
        try request.reply(request.bytes)
        #expect(sent.entries == ["B to 192.0.2.1:9", "A to 192.0.2.1:9"])
    }
}
