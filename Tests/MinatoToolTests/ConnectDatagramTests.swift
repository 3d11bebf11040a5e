import TestSupport
import Testing

/// Datagrams of Unix sockets, which may be longer than those of UDP.
@Suite("minato connect unixgram", .watchdog)
struct ConnectDatagramTests {
    /// They used to be cut to 131,072 bytes on the way out and to 65,536 on the way in, with status 0.
    @Test("Long datagrams go and come whole, and one that is too long is an error")
    func longDatagrams() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let server = try ChildProcess.python(
            """
            import socket, sys
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.bind(sys.argv[1])
            print("ready")
            message, sender = s.recvfrom(1 << 20)
            print(len(message))
            s.sendto(b"r" * 100000, sender)
            """, path)
        #expect(server.readLine() == "ready")
        let input = directory.file("input")
        let connect = "exec '\(Tool.path)' connect unixgram --path '\(path)' <'\(input)'"

        _ = try directory.write("input", [UInt8](repeating: 0, count: 10_000_000))
        let refused = try ChildProcess(["sh", "-c", connect])
        let errors = refused.readErrors()
        #expect(refused.wait() == 1)
        #expect(errors.contains("(EMSGSIZE)"), "\(errors)")

        _ = try directory.write("input", [UInt8](repeating: 0, count: 150_000))
        let client = try ChildProcess(["sh", "-c", connect])
        #expect(client.readToEnd() == String(repeating: "r", count: 100_000))
        #expect(client.wait() == 0, "\(client.readErrors())")
        #expect(server.readLine() == "150000")
        #expect(server.wait() == 0)
    }
}
