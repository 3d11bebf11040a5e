import Glibc
import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("Datagrams on event loops: errors and overload", .watchdog)
struct DatagramErrorsTests {
    /// A server's hooks, and what they were told.
    private struct Told {
        let errors = Journal<(error: any Error, sender: SocketAddress?)>()
        var hooks: DatagramServerHooks {
            var hooks = DatagramServerHooks()
            hooks.onError = { [errors] error, sender in errors.write((error, sender)) }
            return hooks
        }
    }

    @Test("Fifty clients that are gone before they are answered end nothing", arguments: DatagramStage.all)
    func vanishedClients(stage: DatagramStage) throws {
        let told = Told()
        let socket = try Socket.bound(to: .udp("127.0.0.1", 0))
        // As it comes from a program that wanted to know.
        try socket.setOption(SocketOption<Bool>(level: Int32(IPPROTO_IP), name: IP_RECVERR), true)
        let server = try UDPServer(adopting: socket, hooks: told.hooks)
        try stage.echoing(server) {
            let client = try datagramClient(of: server)
            for number in 0..<50 as Range<UInt8> {
                try datagramClient(of: server).send([0])
                try client.send([number])
                try #expect(client.receive(atMost: 10) == [number])
            }
        }
        #expect(told.errors.entries.isEmpty)
    }

    @Test("On a connected socket refusals are told and end nothing", arguments: DatagramStage.all)
    func refused(stage: DatagramStage) throws {
        let told = Told()
        var peer: Socket? = try Socket.bound(to: .udp("127.0.0.1", 0))
        let peerAddress = try #require(try peer?.localAddress)
        let socket = try Socket.bound(to: .udp("127.0.0.1", 0))
        try socket.connect(to: peerAddress)
        let server = try UDPServer(adopting: socket, hooks: told.hooks)
        let gate = Gate()
        try stage.serving(server) { (server, loops) in
            try await stage.answer(server, loops) { (bytes, _) in
                if bytes.isEmpty { gate.pass() }
                return bytes
            }
        } while: {
            try peer?.send([], to: server.address)
            gate.wait(for: 1)
            // Two replies and one refusal: the one of the first is told at the second.
            try peer?.send([1], to: server.address)
            peer = nil
            gate.open()
            var successor = try Socket(.ipv4, .datagram)
            try rebinding { () throws(SocketError) in try successor.bind(to: peerAddress) }
            try successor.setTimeout(.seconds(1))
            // A reply that meets the refusal of an earlier one is lost, as datagrams are.
            var reply: [UInt8] = []
            for _ in 0..<10 where reply != [2] {
                try successor.send([2], to: server.address)
                reply = (try? successor.receive(atMost: 10)) ?? []
            }
            #expect(reply == [2])
        }
        for entry in told.errors.entries {
            #expect((entry.error as? SocketError)?.code == .connectionRefused)
            #expect(entry.sender == peerAddress)
        }
    }

    @Test("A reply that is too long, or to port 0, is told with its receiver and loses only itself")
    func unsendable() throws {
        for stage in DatagramStage.all {
            let told = Told()
            let server = try udpServer(hooks: told.hooks)
            var address: SocketAddress?
            try stage.serving(server) { (server, loops) in
                try await stage.answer(server, loops) { (bytes, _) in
                    bytes.isEmpty ? [UInt8](repeating: 0, count: 65_508) : bytes
                }
            } while: {
                let client = try datagramClient(of: server)
                address = try client.localAddress
                for number in 0..<20 as Range<UInt8> {
                    try client.send([])
                    try client.send([number])
                    try #expect(client.receive(atMost: 10) == [number])
                }
                told.errors.wait(for: 20)
            }
            #expect(told.errors.entries.count == 20)
            for entry in told.errors.entries {
                let error = entry.error as? SocketError
                #expect(error?.code == .messageTooLong)
                #expect(error?.remote == address)
                #expect(entry.sender == address)
                #expect(error?.description.hasPrefix("send udp \(server.address)->") == true)
            }
        }
    }

    @Test("A handler or responder that throws is reported with the sender", arguments: DatagramStage.all)
    func throwing(stage: DatagramStage) throws {
        let told = Told()
        let server = try udpServer(hooks: told.hooks)
        try stage.serving(server) { (server, loops) in
            try await stage.answer(server, loops) { (bytes, _) in
                if bytes.isEmpty { throw Failure("empty") }
                return bytes
            }
        } while: {
            let client = try datagramClient(of: server)
            for number in 0..<10 as Range<UInt8> {
                try client.send([])
                try client.send([number])
                try #expect(client.receive(atMost: 10) == [number])
            }
            let entries = told.errors.wait(for: 10)
            let address = try client.localAddress
            #expect(entries.count == 10)
            for entry in entries {
                #expect(entry.error as? Failure == Failure("empty"))
                #expect(entry.sender == address)
            }
        }
    }

    @Test("Of 10,000 datagrams in a burst, each is handled or counted as lost", arguments: DatagramStage.all)
    func burst(stage: DatagramStage) throws {
        let server = try udpServer()
        let handled = Guarded(0)
        try stage.serving(server) { (server, loops) in
            try await stage.answer(server, loops) { (_, _) in
                handled.withLock { $0 += 1 }
                handled.wakeAll()
                return nil
            }
        } while: {
            let client = try datagramClient(of: server)
            for _ in 0..<10_000 { try client.send([1, 2, 3]) }
            let all = handled.wait(until: .after(.seconds(20))) { handled in
                handled + server.droppedByKernel == 10_000 ? true : nil
            }
            #expect(all == true)
        }
        let count = handled.withLock { $0 }
        #expect(count > 0)
        #expect(count + server.droppedByKernel == 10_000)
    }

    @Test(
        "On a Unix socket a client that does not read is given up in time, and then goes on",
        arguments: DatagramStage.single, [true, false])
    func unixReaderStops(stage: DatagramStage, isConnected: Bool) throws {
        let directory = try TemporaryDirectory()
        let told = Told()
        var limits = ServerLimits()
        limits.writeTimeout = .milliseconds(300)
        limits.outputLimit = 3 * (256 + 1000)
        let server = try UnixDatagramServer(
            on: .unixDatagram(directory.file("server")), limits: limits, hooks: told.hooks)
        try stage.echoing(server) {
            let client = try datagramClient(of: server, from: .unixUnnamed)
            var idler = try Socket(.unix, .datagram)
            try idler.bind(to: .unixUnnamed)
            try idler.setTimeout(.seconds(20))
            // The queue of one that is connected is as long as the server's send buffer, which is for all.
            if isConnected { try idler.connect(to: server.address) }
            let idlerAddress = try idler.localAddress
            let target = isConnected ? nil : server.address
            func ask(_ bytes: [UInt8]) throws {
                if let target { try idler.send(bytes, to: target) } else { try idler.send(bytes) }
            }
            // Until nothing more fits, and some more.
            while told.errors.entries.isEmpty {
                try ask([UInt8](repeating: 9, count: 1000))
                guard !isConnected else { continue }
                try client.send([1])
                try #expect(client.receive(atMost: 10) == [1])
            }
            for error in told.errors.entries {
                #expect(error.sender == idlerAddress)
                let code = (error.error as? SocketError)?.code
                #expect(code == .timedOut || stage.face == .responder && code == .limitExceeded)
            }
            // It reads what was sent in time; after that it is served as before, and so are others.
            try idler.setTimeout(.milliseconds(400))
            var taken = 0
            while errorCode({ () throws(SocketError) in _ = try idler.receive(atMost: 2000) }) == nil { taken += 1 }
            #expect(taken > 0)
            try idler.setTimeout(.seconds(20))
            try ask([77])
            try #expect(idler.receive(atMost: 10) == [77])
            try client.send([2])
            try #expect(client.receive(atMost: 10) == [2])
        }
    }
}
