import Glibc
import MinatoSocket
import TestSupport
import Testing

@Suite("Connecting, listening, accepting", .watchdog)
struct SocketConnectionTests {
    @Test("A refused connect says so at once")
    func refused() throws {
        // Bound and not listening: nobody can take the port meanwhile, and nobody answers there.
        let holder = try Socket(.ipv4)
        try holder.bind(to: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
        let target = try holder.localAddress
        let socket = try Socket(.ipv4)
        let error = #expect(throws: SocketError.self) { try socket.connect(to: target) }
        #expect(error?.code == .connectionRefused)
        #expect(error?.remote == target)
    }

    @Test("A connect to a full TCP backlog keeps its time limit")
    func fullBacklog() throws {
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0), backlog: 0)
        let target = try listener.localAddress
        let first = try Socket.connect(to: .address(target))
        var socket = try Socket(.ipv4)
        try socket.setTimeout(.milliseconds(150))
        let clock = ContinuousClock()
        var code: SocketError.Code?
        let time = clock.measure {
            // The kernel takes one connection more than the backlog; the next ones must wait.
            for _ in 0..<3 where code == nil {
                code = errorCode { () throws(SocketError) in
                    try socket.connect(to: target)
                    socket = try Socket(.ipv4)
                    try socket.setTimeout(.milliseconds(150))
                }
            }
        }
        #expect(code == .timedOut)
        #expect(time >= .milliseconds(150))
        try first.close()
    }

    @Test("A connect to a full Unix backlog waits for room, keeps its time limit, and gets through when there is room")
    func fullUnixBacklog() throws {
        let listener = SharedSocket(try Socket.listen(on: .address(.unixUnnamed), backlog: 0))
        let target = try listener.socket.localAddress
        let first = try Socket.connect(to: .address(target))
        let clock = ContinuousClock()
        var code: SocketError.Code?
        let time = clock.measure {
            code = errorCode { () throws(SocketError) in
                _ = try Socket.connect(to: .address(target), timeout: .milliseconds(100))
            }
        }
        #expect(code == .timedOut)
        #expect(time >= .milliseconds(100))
        var atOnce = try Socket(.unix)
        try atOnce.setTimeout(.zero)
        let refused = #expect(throws: SocketError.self) { try atOnce.connect(to: target) }
        #expect(refused?.code == .wouldBlock)

        let waiter = try Background { try Socket.connect(to: .address(target)).peerAddress }
        #expect(try listener.socket.accept().address == SocketAddress.unixUnnamed)
        #expect(try waiter.join() == target)
        try first.close()
    }

    /// In a process of its own: tests beside this one would open sockets and close them.
    @Test("Failed connects leave no descriptor behind")
    func noLeak() async {
        await #expect(processExitsWith: .success) {
            let holder = try Socket(.ipv4)
            try holder.bind(to: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
            let target = try holder.localAddress
            let before = LeakCheck.socketsOnly()
            for _ in 0..<500 {
                #expect(throws: SocketError.self) {
                    _ = try Socket.connect(to: .address(target), timeout: .seconds(10))
                }
                #expect(throws: SocketError.self) { _ = try Socket.listen(on: .address(target)) }
            }
            #expect(LeakCheck.socketsOnly() == before)
        }
    }

    @Test("An accepted socket is close-on-exec, without a timeout, and blocking whatever the listener's timeout")
    func accepted() throws {
        var listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        try listener.setTimeout(.milliseconds(1))
        let timedOut = #expect(throws: SocketError.self) { _ = try listener.accept() }
        #expect(timedOut?.code == .timedOut)
        try listener.setTimeout(.zero)
        let wouldBlock = #expect(throws: SocketError.self) { _ = try listener.accept() }
        #expect(wouldBlock?.code == .wouldBlock)
        try listener.setTimeout(.seconds(20))

        let client = SocketBox(try Socket.connect(to: .address(listener.localAddress)))
        let accepted = try listener.accept()
        #expect(accepted.socket.isInheritable == false)
        #expect(fcntl(accepted.socket.descriptor, F_GETFD) == FD_CLOEXEC)
        #expect(accepted.socket.timeout == nil)
        // It waits for data that comes later than any non-blocking call would return.
        let sender = try Background {
            let socket = try client.take()
            for _ in 0..<100 { sched_yield() }
            try socket.sendAll("late")
        }
        #expect(try accepted.socket.receive(atMost: 10) == Array("late".utf8))
        try sender.join()
    }

    @Test("A listener that another thread shuts down stops waiting")
    func shutDownListener() throws {
        let listener = SharedSocket(try Socket.listen(on: .tcp("127.0.0.1", 0)))
        let waiter = try Background { _ = try listener.socket.accept() }
        try listener.socket.shutdown(.both)
        let error = #expect(throws: SocketError.self) { try waiter.join() }
        #expect(error?.code == .invalidArgument)
    }

    @Test("Dual stack takes IPv4 clients and shows their mapped address; without it IPv4 is refused")
    func dualStack() throws {
        try #require(Socket.hasDualStack)
        let both = try Socket.listen(on: .tcp("::", 0), dualStack: true)
        let port = try #require(try both.localAddress.port)
        let client = try Socket.connect(to: .tcp("127.0.0.1", port))
        let accepted = try both.accept()
        #expect(accepted.address.family == .ipv6)
        #expect(accepted.address.mappedIPv4 == (try client.localAddress))

        let only = try Socket.listen(on: .tcp("::", 0))
        let onlyPort = try #require(try only.localAddress.port)
        let error = #expect(throws: SocketError.self) { _ = try Socket.connect(to: .tcp("127.0.0.1", onlyPort)) }
        #expect(error?.code == .connectionRefused)
        #expect(try only.option(.ipv6Only))

        let argument = #expect(throws: SocketError.self) {
            _ = try Socket.listen(on: .tcp("127.0.0.1", 0), dualStack: true)
        }
        #expect(argument?.code == .invalidArgument)
        let unix = #expect(throws: SocketError.self) { _ = try Socket.listen(on: .abstract("x"), dualStack: true) }
        #expect(unix?.code == .invalidArgument)
        #expect(try Socket.listen(on: .tcp("", 0), dualStack: true).localAddress.description.hasPrefix("[::]:"))
        #expect(try Socket.listen(on: .tcp("", 0)).localAddress.description.hasPrefix("0.0.0.0:"))
    }

    @Test("localhost is bound for IPv4 first, so that an IPv4 client reaches it")
    func localhost() throws {
        let listener = try Socket.listen(on: .tcp("localhost", 0))
        #expect(try listener.localAddress.family == .ipv4)
        #expect(try listener.option(.reuseAddress))
        let port = try #require(try listener.localAddress.port)
        let client = try Socket.connect(to: .tcp("localhost", port), timeout: .seconds(20))
        #expect(client.timeout == .seconds(20))
        #expect(try client.option(.noDelay))
        #expect(try listener.accept().address == client.localAddress)
        #expect(try client.peerAddress == listener.localAddress)
    }

    @Test("Ports out of range, NULs and long paths are refused before any system call")
    func arguments() {
        for port in [-1, 65_536, Int.max] {
            let connecting = #expect(throws: SocketError.self) { _ = try Socket.connect(to: .tcp("127.0.0.1", port)) }
            #expect(connecting?.code == .invalidArgument)
            let listening = #expect(throws: SocketError.self) { _ = try Socket.listen(on: .tcp("", port)) }
            #expect(listening?.code == .invalidArgument)
        }
        let nul = #expect(throws: SocketError.self) { _ = try Socket.connect(to: .tcp("127.0.0.1\0x", 80)) }
        #expect(nul?.code == .invalidArgument)
        let long = #expect(throws: SocketError.self) {
            _ = try Socket.listen(on: .unix("/tmp/" + String(repeating: "x", count: 103)))
        }
        #expect(long?.code == .nameTooLong)
        let unixNul = #expect(throws: SocketError.self) { _ = try Socket.connect(to: .unix("/tmp/x\0y")) }
        #expect(unixNul?.code == .invalidArgument)
        let negative = #expect(throws: SocketError.self) {
            _ = try Socket.connect(to: .tcp("127.0.0.1", 1), timeout: .seconds(-1))
        }
        #expect(negative?.code == .invalidArgument)
    }

    @Test("Unix paths, abstract names of exact length, and names of the kernel's choice")
    func unix() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let listener = try Socket.listen(on: .unix(path))
        #expect(try listener.localAddress.unixPath == path)
        let inUse = #expect(throws: SocketError.self) { _ = try Socket.listen(on: .unix(path)) }
        #expect(inUse?.code == .addressInUse)
        let client = try Socket.connect(to: .unix(path))
        #expect(try client.peerAddress.unixPath == path)
        let missing = #expect(throws: SocketError.self) { _ = try Socket.connect(to: .unix(path + "x")) }
        #expect(missing?.code == .notFound)

        let name = "minato-\(getpid())-exact"
        let abstract = try Socket.listen(on: .abstract(name))
        #expect(try abstract.localAddress.unixName == Array(name.utf8))
        let longer = #expect(throws: SocketError.self) { _ = try Socket.connect(to: .abstract(name + "\0")) }
        #expect(longer?.code == .connectionRefused)

        let chosen = try Socket(.unix)
        try chosen.bind(to: .unixUnnamed)
        #expect(try chosen.localAddress.abstractName?.utf8.count == 5)
    }

    @Test("Verbs on a socket in the wrong state are typed errors")
    func wrongState() throws {
        let fresh = try Socket(.ipv4)
        #expect(#expect(throws: SocketError.self) { _ = try fresh.peerAddress }?.code == .notConnected)
        #expect(#expect(throws: SocketError.self) { _ = try fresh.accept() }?.code == .invalidArgument)
        #expect(#expect(throws: SocketError.self) { _ = try fresh.receive(atMost: 1) }?.code == .notConnected)
        #expect(#expect(throws: SocketError.self) { try fresh.shutdown(.both) }?.code == .notConnected)
        let datagram = try Socket(.ipv4, .datagram)
        #expect(#expect(throws: SocketError.self) { try datagram.listen() }?.code == .notSupported)
        #expect(#expect(throws: SocketError.self) { _ = try Socket(.init(rawValue: 999)) }?.code == .familyNotSupported)
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let client = try Socket.connect(to: .address(listener.localAddress))
        let other = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let again = #expect(throws: SocketError.self) { try client.connect(to: other.localAddress) }
        #expect(again?.code == .alreadyConnected)
        #expect(try client.peerAddress == listener.localAddress)
    }

    @Test("Instance connect and bind look names up in the socket's own family")
    func instanceEndpoints() throws {
        let listener = try Socket(.ipv4)
        try listener.bind(to: .tcp("localhost", 0))
        try listener.listen()
        let client = try Socket(.ipv4)
        try client.connect(to: .tcp("localhost", try #require(try listener.localAddress.port)))
        #expect(try listener.accept().address == client.localAddress)
        let sender = try Socket(.ipv4, .datagram)
        try sender.connect(to: .udp("localhost", 9))
        #expect(try sender.peerAddress == SocketAddress(ipv4: 127, 0, 0, 1, port: 9))
    }
}
