import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("Servers on Unix sockets", .watchdog)
struct UnixServerTests {
    private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    @Test("A stream server answers at its path and removes it afterwards")
    func stream() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let server = try UnixStreamServer(on: .unix(path))
        #expect(server.address.unixPath == path)
        try serving(server) {
            try $0.serveBlocking(with: Upper.init)
        } while: {
            let connection = try Socket.connect(to: .unix(path))
            try connection.sendAll("hello")
            try #expect(connection.readToEnd() == "HELLO")
            #expect(exists(path))
        }
        #expect(!exists(path))
    }

    @Test("A server that never served removes its path too", arguments: [true, false])
    func neverServed(isShutDown: Bool) throws {
        let directory = try TemporaryDirectory()
        var server: UnixStreamServer? = try UnixStreamServer(on: .unix(directory.file("s")))
        #expect(exists(directory.file("s")))
        if isShutDown { server?.shutdown() } else { server = nil }
        #expect(!exists(directory.file("s")))
        _ = server
    }

    @Test("A forked child that lets go of a server leaves its path to the parent")
    func forked() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let path = directory.file("s")
            var server: UnixStreamServer? = try UnixStreamServer(on: .unix(path))
            let result = ForkedChild.run {
                server = nil
                return server == nil ? 0 : 1
            }
            #expect(result == 0)
            #expect(unsafe access(path, F_OK) == 0)
            server = nil
            #expect(unsafe access(path, F_OK) != 0)
        }
    }

    @Test("What took the path's place is not removed: a file, another socket", arguments: [true, false])
    func replaced(byFile: Bool) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let server = try UnixStreamServer(on: .unix(path))
        let old = directory.file("old")
        try #require(unsafe rename(path, old) == 0)
        let socket = try Socket(.unix)
        if byFile { _ = try directory.write("s", [1]) } else { try socket.bind(to: SocketAddress(unixPath: path)) }
        server.shutdown()
        #expect(exists(path))
    }

    @Test("A path that exists is refused and stays")
    func pathInUse() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("file", [1])
        #expect(errorCode { () throws(SocketError) in _ = try UnixStreamServer(on: .unix(path)) } == .addressInUse)
        #expect(
            errorCode { () throws(SocketError) in _ = try UnixDatagramServer(on: .unixDatagram(path)) } == .addressInUse
        )
        #expect(exists(path))
    }

    @Test("An adopted socket's path is left alone")
    func adopted() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let server = try UnixStreamServer(adopting: Socket.listen(on: .unix(path)))
        try serving(server) {
            try $0.serveBlocking(with: Upper.init)
        } while: {
            let connection = try Socket.connect(to: .unix(path))
            try connection.sendAll("x")
            try #expect(connection.readToEnd() == "X")
        }
        #expect(exists(path))
    }

    @Test("An abstract name")
    func abstract() throws {
        let name = "minato-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let server = try UnixStreamServer(on: .abstract(name))
        #expect(server.address.abstractName == name)
        try serving(server) {
            try $0.serveBlocking { connection, _ in try connection.sendAll("x") }
        } while: {
            try #expect(Socket.connect(to: .abstract(name)).readToEnd() == "x")
        }
    }

    @Test("A datagram server answers a bound client, and removes its path afterwards")
    func datagrams() throws {
        let directory = try TemporaryDirectory()
        let server = try UnixDatagramServer(on: .unixDatagram(directory.file("server")))
        try serving(server) {
            try $0.serveBlocking { try $0.reply(upper($0.bytes)) }
        } while: {
            let client = try Socket.bound(to: .unixDatagram(directory.file("client")))
            try client.send(Array("hello".utf8), to: server.address)
            let reply = try client.receiveFrom()
            #expect(reply.bytes == Array("HELLO".utf8))
            #expect(reply.sender == server.address)
        }
        #expect(!exists(directory.file("server")))
    }

    @Test("A client without a name cannot be answered: an error of the handler")
    func unnamedClient() throws {
        let directory = try TemporaryDirectory()
        let errors = Journal<String>()
        var hooks = DatagramServerHooks()
        hooks.onError = { error, _ in errors.write("\(error)") }
        let server = try UnixDatagramServer(on: .unixDatagram(directory.file("server")), hooks: hooks)
        try serving(server) {
            try $0.serveBlocking { try $0.reply("hello") }
        } while: {
            try Socket(.unix, .datagram).send([], to: server.address)
            #expect(
                errors.wait(for: 1) == [
                    "send reply to a sender without an address: Transport endpoint is not connected (ENOTCONN)"
                ])
        }
    }

    @Test("A reply waits for a client that does not read for the write timeout and no longer")
    func slowClient() throws {
        let directory = try TemporaryDirectory()
        let errors = Journal<SocketError.Code?>()
        var hooks = DatagramServerHooks()
        hooks.onError = { error, _ in errors.write((error as? SocketError)?.code) }
        var limits = ServerLimits()
        limits.writeTimeout = .milliseconds(20)
        let server = try UnixDatagramServer(
            adopting: Socket.bound(to: .unixDatagram(directory.file("server"))), limits: limits, hooks: hooks)
        try serving(server) { server in
            try server.serveBlocking { request in
                while true { try request.reply([UInt8](repeating: 1, count: 1000)) }
            }
        } while: {
            let client = try Socket.bound(to: .unixDatagram(directory.file("client")))
            try client.send([], to: server.address)
            #expect(errors.wait(for: 1) == [.timedOut])
        }
    }

    @Test("While the reply of one handler waits for room in a queue, the server's socket is for the others as it was")
    func fullQueue() throws {
        let directory = try TemporaryDirectory()
        var limits = ServerLimits()
        limits.writeTimeout = .milliseconds(200)
        var hooks = DatagramServerHooks()
        let errors = Journal<SocketError.Code?>()
        hooks.onError = { error, _ in errors.write((error as? SocketError)?.code) }
        let server = try UnixDatagramServer(on: .unixDatagram(directory.file("s")), limits: limits, hooks: hooks)
        let descriptor = try #require(server.state.withLock { $0.listener?.socket.descriptor })
        let flags = fcntl(descriptor, F_GETFL)
        let hasChanged = Journal<Bool>()
        try serving(server) { server in
            try server.serveBlocking { request in
                if request.bytes == [1] {
                    // More than the queue holds, of one who does not read.
                    while true { try request.reply([1]) }
                }
                while errors.entries.isEmpty {
                    if fcntl(descriptor, F_GETFL) != flags { return hasChanged.write(true) }
                }
                hasChanged.write(false)
            }
        } while: {
            let deaf = try Socket(.unix, .datagram)
            let other = try Socket(.unix, .datagram)
            try deaf.bind(to: SocketAddress(unixPath: directory.file("c")))
            try deaf.send([1], to: server.address)
            try other.send([2], to: server.address)
            #expect(hasChanged.wait(for: 1) == [false])
            #expect(errors.wait(for: 1) == [.timedOut])
        }
    }
}
