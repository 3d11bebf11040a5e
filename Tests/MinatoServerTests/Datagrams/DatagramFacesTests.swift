import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("Datagrams on event loops", .watchdog)
struct DatagramFacesTests {
    @Test("Python's client of the page gets its words in capitals", arguments: DatagramStage.all)
    func upperPage(stage: DatagramStage) throws {
        let server = try UDPServer(on: .udp("localhost", 0))
        let port = try #require(server.address.port)
        try stage.serving(server) { (server, loops) in
            try await stage.answer(server, loops) { (bytes, _) in Array(upper(bytes).utf8) }
        } while: {
            let python = try ChildProcess.python(PagePrograms.udpClient, "\(port)", "hello", "world")
            #expect(python.readToEnd() == "Sent:     hello world\nReceived: HELLO WORLD\n")
            #expect(python.wait() == 0)
        }
    }

    @Test("Datagrams of every size come back whole", arguments: DatagramStage.all, ["127.0.0.1", "::1"])
    func sizes(stage: DatagramStage, host: String) throws {
        let server = try UDPServer(on: .udp(host, 0))
        try stage.echoing(server) {
            let client = try datagramClient(of: server)
            for count in [0, 1, 0, 8193, 65_507, 3, 20_000] {
                let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                try client.send(bytes)
                try #expect(client.receive(atMost: 65_536) == bytes)
            }
        }
    }

    enum UnixName: CaseIterable { case path, abstract }

    @Test("Unix sockets, at paths and abstract names", arguments: DatagramStage.all, UnixName.allCases)
    func unix(stage: DatagramStage, name: UnixName) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("server")
        let endpoint = name == .path ? Endpoint.unixDatagram(path) : .abstractDatagram(path)
        let source =
            name == .path ? try SocketAddress(unixPath: directory.file("client")) : SocketAddress.unixUnnamed
        let errors = Journal<(error: any Error, sender: SocketAddress?)>()
        var hooks = DatagramServerHooks()
        hooks.onError = { error, sender in errors.write((error, sender)) }
        let server = try UnixDatagramServer(on: endpoint, hooks: hooks)
        try stage.echoing(server) {
            // One without a name cannot be answered.
            try datagramClient(of: server).send([0])
            let client = try datagramClient(of: server, from: source)
            for count in [1, 0, 100_000, 5] {
                let bytes = [UInt8](repeating: 7, count: count)
                try client.send(bytes)
                try #expect(client.receive(atMost: 65_536) == [UInt8](bytes.prefix(65_535)))
            }
            let told = errors.wait(for: 1).first
            #expect((told?.error as? SocketError)?.code == .notConnected)
        }
        #expect(errors.entries.count == 1)
    }

    @Test("A datagram that was cut says so, with its true length; an answer of another size is sent whole")
    func truncated() throws {
        var limits = ServerLimits()
        limits.datagramSize = 10
        for stage in DatagramStage.single {
            let server = try udpServer(limits: limits)
            let infos = Journal<String>()
            try stage.serving(server) { (server, loops) in
                switch stage.face {
                case .async:
                    try await server.serve(on: loops) { request in
                        let isCut = request.isTruncated
                        infos.write("\(request.bytes.count) of \(request.datagram.length), cut: \(isCut)")
                        try await request.reply([UInt8](repeating: 1, count: 3000))
                    }
                case .responder: try await server.serve(on: loops, responder: { Describer(journal: infos) })
                }
            } while: {
                let client = try datagramClient(of: server)
                for count in [1000, 10, 11, 0] {
                    try client.send([UInt8](repeating: 7, count: count))
                    try #expect(client.receive(atMost: 65_536) == [UInt8](repeating: 1, count: 3000))
                }
            }
            #expect(
                infos.entries == [
                    "10 of 1000, cut: true", "10 of 10, cut: false", "10 of 11, cut: true", "0 of 0, cut: false",
                ])
        }
    }

    @Test(
        "A reply leaves from the address that was asked", arguments: DatagramStage.all,
        [("0.0.0.0", "127.0.0.2"), ("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("::", "127.0.0.3")])
    func askedAddress(stage: DatagramStage, addresses: (bound: String, asked: String)) throws {
        let (bound, asked) = addresses
        let server = try UDPServer(on: .udp(bound, 0), dualStack: bound == "::")
        let port = UInt16(try #require(server.address.port))
        let target = try SocketAddress(host: asked, port: Int(port))
        let locals = Journal<SocketAddress?>()
        try stage.serving(server) { (server, loops) in
            switch stage.face {
            case .async:
                try await server.serve(on: loops) { request in
                    locals.write(request.localAddress)
                    try await request.reply(request.bytes)
                }
            case .responder: try await server.serve(on: loops, responder: { LocalEcho(journal: locals) })
            }
        } while: {
            var client = try Socket(target.family, .datagram)
            try client.setTimeout(.seconds(20))
            // Connected: from any other address nothing comes through.
            try client.connect(to: target)
            for number in 0..<3 as Range<UInt8> {
                try client.send([number])
                try #expect(client.receive(atMost: 10) == [number])
            }
        }
        let told = bound == "::" && target.family == .ipv4 ? "[::ffff:\(asked)]:\(port)" : target.description
        #expect(locals.entries.map { $0?.description } == [told, told, told])
    }

    @Test("Silence sends nothing, also between replies", arguments: DatagramStage.all)
    func silence(stage: DatagramStage) throws {
        let server = try udpServer()
        try stage.serving(server) { (server, loops) in
            try await stage.answer(server, loops) { (bytes, _) in (bytes.first ?? 0) % 3 == 0 ? bytes : nil }
        } while: {
            let client = try datagramClient(of: server)
            for number in 0..<90 as Range<UInt8> { try client.send([number]) }
            var received: [UInt8] = []
            for _ in 0..<30 { received += try client.receive(atMost: 10) }
            #expect(received.sorted() == (0..<90).filter { $0 % 3 == 0 })
        }
    }

    @Test("What the program's hook does not want is dropped, and the hook can answer", arguments: DatagramStage.all)
    func verify(stage: DatagramStage) throws {
        var hooks = DatagramServerHooks()
        hooks.verify = { request in
            guard request.bytes == [1] else { return true }
            try? request.reply([99])
            return false
        }
        let server = try UDPServer(on: .udp("0.0.0.0", 0), hooks: hooks)
        try stage.echoing(server) {
            var client = try Socket(.ipv4, .datagram)
            try client.setTimeout(.seconds(20))
            try client.connect(to: SocketAddress(ipv4: 127, 0, 0, 5, port: UInt16(server.address.port ?? 0)))
            for (sent, expected) in [(1, 99), (2, 2), (1, 99)] as [(UInt8, UInt8)] {
                try client.send([sent])
                try #expect(client.receive(atMost: 10) == [expected])
            }
        }
    }

    @Test("Many clients at a time are all answered", arguments: DatagramStage.all)
    func manyClients(stage: DatagramStage) throws {
        let server = try udpServer()
        try stage.echoing(server) {
            let clients = try (0..<4).map { number in
                try Background {
                    let client = try datagramClient(of: server)
                    for round in 0..<200 as Range<UInt8> {
                        try client.send([UInt8(number), round])
                        guard try client.receive(atMost: 10) == [UInt8(number), round] else { return false }
                    }
                    return true
                }
            }
            for client in clients { try #expect(client.join()) }
        }
    }
}

/// Tells what it is told.
private struct Describer: DatagramResponder {
    let journal: Journal<String>

    mutating func respond(
        to datagram: Span<UInt8>, _ info: borrowing DatagramInfo, output: inout ResponderOutput
    ) -> DatagramVerdict {
        journal.write("\(datagram.count) of \(info.length), cut: \(info.isTruncated)")
        output.append([UInt8](repeating: 1, count: 3000))
        return .reply
    }
}

/// Echoes, and tells at which address it was asked.
private struct LocalEcho: DatagramResponder {
    let journal: Journal<SocketAddress?>

    mutating func respond(
        to datagram: Span<UInt8>, _ info: borrowing DatagramInfo, output: inout ResponderOutput
    ) -> DatagramVerdict {
        journal.write(info.localAddress)
        output.append(datagram)
        return .reply
    }
}
