import Glibc
import MinatoServer
import MinatoSocket
import TestSupport
import Testing

/// What a Unix path's mode and owner mean to another user. Only root can try it.
@Suite(
    "A Unix server and other users", .watchdog,
    .enabled(if: geteuid() == 0, "only root can act for another user; the mode itself is tested without"))
struct UnixOwnerTests {
    /// nobody, on Debian; any user will do.
    private static let nobody: uid_t = 65_534

    /// The file system's user is what a thread has for itself: see setfsuid(2), which Swift does not import.
    private static func setFileSystemUser(_ user: uid_t) throws -> Int32 {
        let function = unsafe try #require(dlsym(nil, "setfsuid"))
        return unsafe unsafeBitCast(function, to: (@convention(c) (uid_t) -> Int32).self)(user)
    }

    private static let connect = """
        import os, socket, sys
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
        kind = socket.SOCK_STREAM if sys.argv[2] == "stream" else socket.SOCK_DGRAM
        try:
            socket.socket(socket.AF_UNIX, kind).connect(sys.argv[1])
            print("connected")
        except OSError as error:
            print(type(error).__name__)
        """

    @Test(
        "Another user connects when the mode lets it",
        arguments: [
            ("600", "PermissionError"), ("660", "PermissionError"), ("666", "connected"), ("602", "connected"),
        ],
        ["stream", "datagram"])
    func connecting(row: (mode: String, outcome: String), kind: String) throws {
        let directory = try TemporaryDirectory()
        try #require(unsafe chmod(directory.path, 0o755) == 0)
        let path = directory.file("s")
        let mode = UInt32(row.mode, radix: 8)
        let server =
            kind == "stream"
            ? try UnixStreamServer(on: .unix(path), permissions: mode)
            : try UnixDatagramServer(on: .unixDatagram(path), permissions: mode)
        let python = try ChildProcess.python(Self.connect, path, kind)
        #expect(python.readToEnd() == row.outcome + "\n")
        #expect(python.wait() == 0)
        server.shutdown()
    }

    @Test("A path that another user left behind stays when the kernel does not let us", arguments: [0o755, 0o777])
    func foreignStalePath(mode: mode_t) throws {
        let directory = try TemporaryDirectory()
        // As /tmp: everybody may make files, and remove their own.
        try #require(unsafe chmod(directory.path, 0o1777) == 0)
        let path = directory.file("s")
        _ = try Socket.bound(to: .unix(path))
        try #require(unsafe chmod(path, mode) == 0)
        let code = try Background {
            _ = try Self.setFileSystemUser(Self.nobody)
            defer { _ = try? Self.setFileSystemUser(0) }
            return errorCode { () throws(SocketError) in _ = try UnixStreamServer(on: .unix(path)) }
        }.join()
        #expect(code == .addressInUse)
        #expect(unsafe access(path, F_OK) == 0)
        #expect(unsafe access("\(path).minato-lock", F_OK) != 0)
        // Root may take it over.
        try UnixStreamServer(on: .unix(path)).shutdown()
        #expect(unsafe access(path, F_OK) != 0)
    }
}
