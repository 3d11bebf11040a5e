import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("Where datagrams were asked, and how many were lost", .watchdog)
struct DatagramControlTests {
    struct Asking: Sendable, CustomTestStringConvertible {
        let server: String
        var dualStack = false
        /// Where the client sends to.
        let asked: String
        /// What the handler is told.
        let local: String
        var testDescription: String {
            "\(asked) of \(server.isEmpty ? "all" : server)\(dualStack ? ", both families" : "")"
        }
    }

    static let askings = [
        Asking(server: "", asked: "127.0.0.1", local: "127.0.0.1"),
        Asking(server: "", asked: "127.0.0.2", local: "127.0.0.2"),
        Asking(server: "", asked: "127.1.2.3", local: "127.1.2.3"),
        Asking(server: "127.0.0.2", asked: "127.0.0.2", local: "127.0.0.2"),
    ]

    static let askingsOfIPv6 = [
        Asking(server: "::", asked: "::1", local: "::1"),
        Asking(server: "::1", asked: "::1", local: "::1"),
        Asking(server: "", dualStack: true, asked: "::1", local: "::1"),
        Asking(server: "", dualStack: true, asked: "127.0.0.2", local: "::ffff:127.0.0.2"),
    ]

    @Test(
        "A reply leaves from the address that was asked",
        arguments: askings + (Socket.hasDualStack ? askingsOfIPv6 : []))
    func replying(asking: Asking) throws {
        let server = try UDPServer(on: .udp(asking.server, 0), dualStack: asking.dualStack)
        let port = try #require(server.address.port)
        let locals = Journal<SocketAddress?>()
        try serving(server) { server in
            try server.serveBlocking { request in
                locals.write(request.localAddress)
                try request.reply(request.bytes)
            }
        } while: {
            // Connected, so that it takes datagrams from the address that it asked only.
            let client = try Socket.connect(to: .udp(asking.asked, port), timeout: .seconds(20))
            try client.send([1])
            try #expect(client.receive(atMost: 10) == [1])
            let local = try SocketAddress(host: asking.local, port: port)
            #expect(locals.entries == [local])
        }
    }

    @Test("A Unix datagram was sent to no IP address")
    func unix() throws {
        let directory = try TemporaryDirectory()
        let server = try UnixDatagramServer(on: .unixDatagram(directory.file("s")))
        let locals = Journal<SocketAddress?>()
        try serving(server) {
            try $0.serveBlocking { locals.write($0.localAddress) }
        } while: {
            try Socket(.unix, .datagram).send([1], to: server.address)
            #expect(locals.wait(for: 1) == [nil])
        }
        #expect(server.droppedByKernel == 0)
    }

    @Test("What is lost because the server is too slow is counted, to the last datagram")
    func drops() throws {
        let socket = try Socket.bound(to: .udp("127.0.0.1", 0))
        try socket.setOption(.receiveBufferSize, 4096)
        let server = try UDPServer(adopting: socket)
        let handled = Guarded(0)
        let sender = try Socket(.ipv4, .datagram)
        for _ in 0..<500 { try sender.send([0], to: server.address) }
        var markers = 0
        try serving(server) { server in
            try server.serveBlocking { request in
                handled.withLock { $0 += 1 }
                if request.bytes == [1] { try request.reply([]) }
            }
        } while: {
            // The count comes with a datagram that finds room after the others were lost.
            var last = try Socket(.ipv4, .datagram)
            try last.setTimeout(.milliseconds(200))
            while true {
                try last.send([1], to: server.address)
                markers += 1
                if errorCode({ () throws(SocketError) in _ = try last.receiveFrom() }) == nil { break }
            }
        }
        let count = handled.withLock { $0 }
        #expect(server.droppedByKernel > 0)
        // One of several markers was answered; the others may still have been on their way.
        #expect(501...(500 + markers) ~= count + server.droppedByKernel)
    }

    @Test("The kernel's count begins again after 2^32")
    func wrapping() {
        var count = DropCount()
        // The second 5 and the last 1 come late.
        for number: UInt32 in [0, 5, 5, 1 << 31, .max, 0, 3, 1] { count.note(number) }
        #expect(count.total == 1 << 32 + 3)
    }

    @Test("A peer's ICMP errors end nothing, even where the socket was told to report them")
    func refusals() throws {
        let socket = try Socket.bound(to: .udp("127.0.0.1", 0))
        try socket.setOption(SocketOption<Bool>(level: Int32(IPPROTO_IP), name: IP_RECVERR), true)
        let errors = Journal<any Error>()
        var hooks = DatagramServerHooks()
        hooks.onError = { error, _ in errors.write(error) }
        let server = try UDPServer(adopting: socket, hooks: hooks)
        try serving(server) {
            try $0.serveBlocking { try $0.reply($0.bytes) }
        } while: {
            let client = try Socket.connect(to: .address(server.address, .datagram), timeout: .seconds(20))
            for number in 0..<50 as Range<UInt8> {
                // Gone before it can be answered, mostly.
                try Socket.connect(to: .address(server.address, .datagram)).send([0])
                try client.send([number])
                try #expect(client.receive(atMost: 10) == [number])
            }
        }
        #expect(errors.entries.isEmpty)
    }

    // MARK: - Without a socket of the family

    private static func control(_ bound: String) throws -> DatagramControl {
        DatagramControl(try Socket(.ipv4, .datagram), boundTo: try SocketAddress(parsing: bound))
    }

    struct Row: Sendable {
        let bound: String
        let told: [String]
        let local: String?
        /// With the index of the interface.
        let source: String?
    }

    static let rows = [
        Row(bound: "0.0.0.0:7", told: ["192.0.2.1"], local: "192.0.2.1:7", source: "192.0.2.1:0 0"),
        Row(bound: "0.0.0.0:7", told: [], local: nil, source: nil),
        Row(bound: "192.0.2.1:7", told: [], local: "192.0.2.1:7", source: nil),
        Row(bound: "[::]:7", told: ["2001:db8::1"], local: "[2001:db8::1]:7", source: "[2001:db8::1]:0 0"),
        Row(bound: "[::]:7", told: ["fe80::1"], local: "[fe80::1]:7", source: "[fe80::1]:0 3"),
        Row(bound: "[::]:7", told: ["febf::1"], local: "[febf::1]:7", source: "[febf::1]:0 3"),
        Row(bound: "[::]:7", told: ["fec0::1"], local: "[fec0::1]:7", source: "[fec0::1]:0 0"),
        Row(bound: "[::]:7", told: ["ff02::1"], local: "[ff02::1]:7", source: nil),
        // A broadcast over IPv4: the header's address, and the one that can be sent from.
        Row(
            bound: "[::]:7", told: ["::ffff:192.0.2.255", "192.0.2.1"], local: "[::ffff:192.0.2.1]:7",
            source: "192.0.2.1:0 0"),
    ]

    @Test("What the kernel tells becomes where a reply leaves from", arguments: rows.indices)
    func notes(index: Int) throws {
        let row = Self.rows[index]
        let ancillary = try row.told.map {
            AncillaryData.packetInfo(PacketInfo(address: try SocketAddress(host: $0, port: 0), interfaceIndex: 3))
        }
        let notes = try Self.control(row.bound).notes(ancillary)
        #expect(notes.local?.description == row.local)
        #expect(notes.source.map { "\($0.address) \($0.interfaceIndex)" } == row.source)
        #expect(notes.dropped == nil)
    }

    @Test("Of the other items only the count of lost datagrams is looked at")
    func otherItems() throws {
        let items = [
            AncillaryData.raw(level: SOL_SOCKET, type: SO_RXQ_OVFL, bytes: [0xFF, 0xFF, 0xFF, 0xFF]),
            .raw(level: Int32(IPPROTO_IP), type: SO_RXQ_OVFL, bytes: [1, 0, 0, 0]), .raw(level: 1, type: 1, bytes: []),
        ]
        #expect(try Self.control("0.0.0.0:7").notes(items) == DatagramControl.Notes(dropped: .max))
        #expect(try Self.control("unix:/run/s").notes(items) == DatagramControl.Notes())
    }
}
