import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("Making a server", .watchdog)
struct ServerMakingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let server: String
        let endpoint: Endpoint
        var testDescription: String { "\(server) \(endpoint)" }
    }

    private static func make(_ server: String, _ endpoint: Endpoint) throws(SocketError) {
        switch server {
        case "TCPServer": _ = try TCPServer(on: endpoint)
        case "UDPServer": _ = try UDPServer(on: endpoint)
        case "UnixStreamServer": _ = try UnixStreamServer(on: endpoint)
        default: _ = try UnixDatagramServer(on: endpoint)
        }
    }

    private static func adopt(_ server: String, _ socket: consuming Socket) throws(SocketError) {
        switch server {
        case "TCPServer": _ = try TCPServer(adopting: socket)
        case "UDPServer": _ = try UDPServer(adopting: socket)
        case "UnixStreamServer": _ = try UnixStreamServer(adopting: socket)
        default: _ = try UnixDatagramServer(adopting: socket)
        }
    }

    static let fitting: [(String, Endpoint)] = [
        ("TCPServer", .tcp("127.0.0.1", 0)), ("UDPServer", .udp("127.0.0.1", 0)),
        ("UnixStreamServer", .address(.unixUnnamed, .stream)),
        ("UnixDatagramServer", .address(.unixUnnamed, .datagram)),
    ]

    /// Every server with the endpoints of the three others, and with some that fit in kind or family only.
    static let rows =
        fitting.flatMap { server, _ in
            fitting.filter { $0.0 != server }.map { Row(server: server, endpoint: $0.1) }
        } + [
            Row(server: "TCPServer", endpoint: .unix("/nowhere")),
            Row(server: "UDPServer", endpoint: .abstractDatagram("name")),
            Row(server: "UnixStreamServer", endpoint: .tcp("", -1)),
            Row(server: "UnixDatagramServer", endpoint: .unix("/nowhere")),
        ]

    @Test("An endpoint of another kind is refused before it is bound", arguments: rows)
    func otherKind(row: Row) {
        let error = #expect(throws: SocketError.self) { try Self.make(row.server, row.endpoint) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.subject == "\(row.server) on \(row.endpoint)")
    }

    @Test("A socket of another kind is not adopted", arguments: fitting.map(\.0), fitting)
    func adopting(server: String, other: (String, Endpoint)) throws {
        let code = errorCode { () throws(SocketError) in
            let socket = try Socket.bound(to: other.1)
            if other.1.kind == .stream { try socket.listen() }
            try Self.adopt(server, socket)
        }
        #expect(code == (server == other.0 ? nil : .invalidArgument))
    }

    @Test("A stream socket that does not listen is not adopted", arguments: ["TCPServer", "UnixStreamServer"])
    func notListening(server: String) throws {
        let error = #expect(throws: SocketError.self) {
            try Self.adopt(server, try Socket(server == "TCPServer" ? .ipv4 : .unix))
        }
        #expect(error?.subject == "\(server) adopting a socket that does not listen")
    }

    static let badLimits: [(String, @Sendable (inout ServerLimits) -> Void)] = [
        ("limit of 0 threads", { $0.threads = 0 }),
        ("limit of 0 connections", { $0.maxConnections = 0 }),
        ("first byte timeout of 0.0 seconds", { $0.firstByteTimeout = .zero }),
        ("idle timeout of 0.0 seconds", { $0.idleTimeout = .zero }),
        ("write timeout of -1.0 seconds", { $0.writeTimeout = .seconds(-1) }),
        ("output limit of 0 bytes", { $0.outputLimit = 0 }),
        ("output limit of 1073741825 bytes", { $0.outputLimit = 1 << 30 + 1 }),
        ("datagram size of 0 bytes", { $0.datagramSize = 0 }),
        ("datagram size of 16777217 bytes", { $0.datagramSize = 1 << 24 + 1 }),
    ]

    @Test("Limits out of their range are refused", arguments: badLimits.indices)
    func limits(index: Int) throws {
        let (subject, change) = Self.badLimits[index]
        var limits = ServerLimits()
        change(&limits)
        let directory = try TemporaryDirectory()
        let error = #expect(throws: SocketError.self) {
            _ = try UnixDatagramServer(on: .unixDatagram(directory.file("s")), limits: limits)
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.subject == subject)
        // Nothing was left behind: the path is free.
        _ = try UnixDatagramServer(on: .unixDatagram(directory.file("s")))
    }

    @Test("The defaults of the limits; nil waits for ever")
    func defaults() throws {
        var limits = ServerLimits()
        #expect(limits.threads == 64)
        #expect(limits.firstByteTimeout == .seconds(30))
        #expect(limits.idleTimeout == .seconds(300))
        #expect(limits.writeTimeout == .seconds(30))
        #expect(limits.outputLimit == 65_536)
        #expect(limits.datagramSize == 65_535)
        var descriptors = rlimit()
        try #require(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &descriptors) == 0)
        #expect(limits.maxConnections == ServerLimits.connections(descriptors: UInt64(descriptors.rlim_cur)))
        limits.firstByteTimeout = nil
        limits.idleTimeout = nil
        limits.writeTimeout = nil
        try #expect(tcpServer(limits: limits).limits == limits)
    }

    @Test(
        "So many connections leave room for other descriptors",
        arguments: [
            (0, 1), (1, 1), (2, 1), (64, 32), (512, 256), (513, 257), (1024, 768), (10_256, 10_000), (20_000, 10_000),
            (UInt64.max, 10_000),
        ])
    func connectionsFor(descriptors: UInt64, expected: Int) {
        #expect(ServerLimits.connections(descriptors: descriptors) == expected)
    }

    @Test("An address in use is refused with its address, and nothing stays open")
    func addressInUse() throws {
        let first = try tcpServer()
        for _ in 0..<20 {
            let error = #expect(throws: SocketError.self) { _ = try TCPServer(on: .address(first.address)) }
            #expect(error?.code == .addressInUse)
            #expect(error?.local == first.address)
        }
        let udp = try UDPServer(on: .udp("127.0.0.1", 0))
        #expect(
            errorCode { () throws(SocketError) in _ = try UDPServer(on: .address(udp.address, .datagram)) }
                == .addressInUse)
    }

    @Test("A new server takes the address of one that had connections a moment ago")
    func restart() throws {
        // Bound and not listening, with SO_REUSEADDR: keeps the port from everybody who does not ask for it by number.
        let holder = try Socket.bound(to: .tcp("127.0.0.1", 0))
        let address = try holder.localAddress
        for _ in 0..<20 {
            let server = try rebinding { () throws(SocketError) in try TCPServer(on: .address(address)) }
            // The server closes first, so the connection lingers in TIME_WAIT on its side.
            try serving(server) {
                try $0.serveBlocking { connection, _ in try connection.sendAll("x") }
            } while: {
                try #expect(client(of: server).readToEnd() == "x")
            }
        }
    }
}
