import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Socket errors", .watchdog)
struct SocketErrorTests {
    @Test("An error prints as one line with operation, network, addresses and cause")
    func shape() {
        let local = SocketAddress(ipv4: 127, 0, 0, 1, port: 5000)
        let remote = SocketAddress(ipv4: 127, 0, 0, 1, port: 80)
        let rows: [(SocketError, String)] = [
            (
                SocketError(.connect, .connectionRefused, network: "tcp", local: local, remote: remote),
                "connect tcp 127.0.0.1:5000->127.0.0.1:80: Connection refused (ECONNREFUSED)"
            ),
            (
                SocketError(.bind, .addressInUse, network: "tcp", local: local),
                "bind tcp 127.0.0.1:5000: Address already in use (EADDRINUSE)"
            ),
            (
                SocketError(.resolve, .unknownHost, subject: "x.y"),
                "resolve x.y: Name or service not known (EAI_NONAME)"
            ),
            (SocketError(.receive, .endOfStream, network: "tcp"), "receive tcp: The stream ended too early"),
            (SocketError(.receive, .limitExceeded), "receive: More arrived than the limit allows"),
            (SocketError(.accept, .closed), "accept: Closed"),
            (SocketError(.resolve, .resolverBusy), "resolve: Too many look-ups are under way"),
            (SocketError(.open, .init(99_999)), "open: Unknown error 99999"),
            (SocketError(.open, .init(.library, 77)), "open: Unknown reason 77"),
            (
                SocketError(.send, .notConnected, network: "unix", local: .unixUnnamed, remote: SocketAddress()),
                "send unix: Transport endpoint is not connected (ENOTCONN)"
            ),
            (
                SocketError(
                    .connect, .connectionRefused, subject: "tcp://h:1",
                    attempts: [
                        SocketError(.connect, .connectionRefused, remote: remote),
                        SocketError(.connect, .timedOut, remote: local),
                    ]),
                "connect tcp://h:1: Connection refused (ECONNREFUSED) [connect 127.0.0.1:80: Connection refused "
                    + "(ECONNREFUSED); connect 127.0.0.1:5000: Connection timed out (ETIMEDOUT)]"
            ),
        ]
        for (error, line) in rows { #expect(error.description == line) }
        #expect(rows[0].0 == rows[0].0)
        #expect(rows[0].0 != rows[1].0)
        #expect(rows[0].0.network == "tcp" && rows[2].0.subject == "x.y")
    }

    @Test("A refused connection names both ends")
    func live() throws {
        let port = try Socket.listen(on: .tcp("127.0.0.1", 0)).localAddress.port ?? 0
        let error = #expect(throws: SocketError.self) { _ = try Socket.connect(to: .tcp("127.0.0.1", port)) }
        #expect(error?.code == .connectionRefused)
        #expect(error?.operation == .connect)
        #expect(error?.remote?.port == port)
        #expect(error?.description == "connect tcp 127.0.0.1:\(port): Connection refused (ECONNREFUSED)")
    }
}
