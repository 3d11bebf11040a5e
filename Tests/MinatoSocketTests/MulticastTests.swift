import Glibc
import MinatoSocket
import TestSupport
import Testing

/// All on the loopback interface.
@Suite("Multicast", .watchdog)
struct MulticastTests {
    static let loopback = unsafe if_nametoindex("lo")

    /// A socket on the wildcard address that shall receive, one that sends by loopback, and the group with the port.
    private func sockets(_ group: String) throws -> (
        receiver: SharedSocket, sender: SharedSocket, group: SocketAddress
    ) {
        let receiver = try Socket.bound(to: .udp("0.0.0.0", 0))
        let sender = try Socket.bound(to: .udp("127.0.0.1", 0))
        try sender.setMulticastInterface(Self.loopback)
        let port = try receiver.localAddress.port ?? 0
        return (SharedSocket(receiver), SharedSocket(sender), try SocketAddress(host: group, port: port))
    }

    @Test("A group that was joined is heard until it is left")
    func joining() throws {
        let (receiver, sender, group) = try sockets("239.255.77.1")
        try receiver.socket.joinGroup(group, interface: Self.loopback)
        try sender.socket.send([1], to: group)
        #expect(try receiver.socket.receiveFrom() == Datagram(bytes: [1], sender: sender.socket.localAddress))

        try receiver.socket.leaveGroup(group, interface: Self.loopback)
        try sender.socket.send([2], to: group)
        // Loopback delivers at once: what follows would come behind it.
        try sender.socket.send([3], to: SocketAddress(host: "127.0.0.1", port: group.port ?? 0))
        #expect(try receiver.socket.receiveFrom().bytes == [3])
    }

    @Test("So it is in tasks, with a source and without", arguments: [true, false])
    func joiningInTasks(hasSource: Bool) async throws {
        let (_, sender, group) = try sockets(hasSource ? "239.255.77.8" : "239.255.77.9")
        let socket = try Socket.bound(to: .udp("0.0.0.0", 0))
        let port = try #require(try socket.localAddress.port)
        let target = try SocketAddress(host: #require(group.host), port: port)
        let receiver = try DatagramSocket(adopting: socket)
        let source = hasSource ? try SocketAddress(host: "127.0.0.1", port: 0) : nil
        try receiver.joinGroup(target, source: source, interface: Self.loopback)
        try sender.socket.send([1], to: target)
        #expect(try await receiver.receive(timeout: .seconds(20)).bytes == [1])

        try receiver.leaveGroup(target, source: source, interface: Self.loopback)
        try sender.socket.send([2], to: target)
        try sender.socket.send([3], to: SocketAddress(host: "127.0.0.1", port: port))
        #expect(try await receiver.receive(timeout: .seconds(20)).bytes == [3])

        receiver.close()
        let join = { () throws(SocketError) in try receiver.joinGroup(target, interface: Self.loopback) }
        #expect(errorCode(join) == .closed)
    }

    /// Without datagrams: not every system has a route for IPv6 multicast on its loopback interface.
    @Test("A group is joined once and left once", arguments: ["239.255.77.4", "ff15::77:1"])
    func membership(_ host: String) throws {
        let group = try SocketAddress(host: host, port: 0)
        let socket = try Socket(group.family, .datagram)
        let join = { () throws(SocketError) in try socket.joinGroup(group, interface: Self.loopback) }
        let leave = { () throws(SocketError) in try socket.leaveGroup(group, interface: Self.loopback) }
        #expect(errorCode(leave) == .addressNotAvailable)
        #expect(errorCode(join) == nil)
        #expect(errorCode(join) == .addressInUse)
        #expect(errorCode(leave) == nil)
        #expect(errorCode(leave) == .addressNotAvailable)
        #expect(errorCode(join) == nil)
    }

    @Test("With a source only its datagrams are heard")
    func source() throws {
        let (receiver, sender, group) = try sockets("239.255.77.2")
        let other = try Socket.bound(to: .udp("127.0.0.2", 0))
        try other.setMulticastInterface(Self.loopback)
        let wanted = try SocketAddress(host: "127.0.0.1", port: 0)
        try receiver.socket.joinGroup(group, source: wanted, interface: Self.loopback)
        try other.send([1], to: group)
        try sender.socket.send([2], to: group)
        #expect(try receiver.socket.receiveFrom().bytes == [2])
        let unwanted = try SocketAddress(host: "127.0.0.2", port: 0)
        #expect(
            errorCode { () throws(SocketError) in
                try receiver.socket.leaveGroup(group, source: unwanted, interface: Self.loopback)
            } == .addressNotAvailable)
        try receiver.socket.leaveGroup(group, source: wanted, interface: Self.loopback)
    }

    /// Without datagrams: what leaves by the loopback interface comes back in either case.
    @Test(
        "Whether this host hears it is set for either family",
        arguments: [
            (Socket.Family.ipv4, Int32(IPPROTO_IP), IP_MULTICAST_LOOP),
            (.ipv6, Int32(IPPROTO_IPV6), IPV6_MULTICAST_LOOP),
        ])
    func loop(_ family: Socket.Family, _ level: Int32, _ name: Int32) throws {
        let socket = try Socket(family, .datagram)
        let loop = SocketOption<Bool>(level: level, name: name)
        #expect(try socket.option(loop))
        try socket.setMulticastLoop(false)
        #expect(try !socket.option(loop))
        try socket.setMulticastLoop(true)
        #expect(try socket.option(loop))
    }

    @Test("Hops and interface are set for either family")
    func settings() throws {
        for (family, level, hopsName) in [
            (Socket.Family.ipv4, Int32(IPPROTO_IP), IP_MULTICAST_TTL),
            (.ipv6, Int32(IPPROTO_IPV6), IPV6_MULTICAST_HOPS),
        ] {
            let socket = try Socket(family, .datagram)
            let hops = SocketOption<Int>(level: level, name: hopsName)
            #expect(try socket.option(hops) == 1)
            for number in [0, 7, 255] {
                try socket.setMulticastHops(number)
                #expect(try socket.option(hops) == number)
            }
            for number in [-1, 256, .max, .min] {
                #expect(errorCode { () throws(SocketError) in try socket.setMulticastHops(number) } == .invalidArgument)
            }
            #expect(try socket.option(hops) == 255)
            try socket.setMulticastInterface(Self.loopback)
            if family == .ipv6 {
                #expect(
                    try socket.option(SocketOption<Int>(level: level, name: IPV6_MULTICAST_IF)) == Int(Self.loopback))
            }
            #expect(errorCode { () throws(SocketError) in try socket.setMulticastInterface(999_999) } != nil)
        }
    }

    @Test("Refuses what is no multicast, and sockets that are not IP")
    func refusals() throws {
        let socket = try Socket(.ipv4, .datagram)
        let host = try SocketAddress(host: "127.0.0.1", port: 0)
        let group = try SocketAddress(host: "239.255.77.9", port: 0)
        #expect(errorCode { () throws(SocketError) in try socket.joinGroup(host) } == .invalidArgument)
        #expect(errorCode { () throws(SocketError) in try socket.joinGroup(.unixUnnamed) } == .familyNotSupported)
        #expect(
            errorCode { () throws(SocketError) in try socket.joinGroup(group, source: .unixUnnamed) }
                == .familyNotSupported)
        #expect(
            errorCode { () throws(SocketError) in try socket.joinGroup(group, interface: 999_999) }
                == SocketError.Code(ENODEV))
        let unix = try Socket(.unix, .datagram)
        #expect(errorCode { () throws(SocketError) in try unix.setMulticastHops(1) } == .familyNotSupported)
        #expect(errorCode { () throws(SocketError) in try unix.setMulticastLoop(true) } == .familyNotSupported)
        #expect(errorCode { () throws(SocketError) in try unix.setMulticastInterface(1) } == .familyNotSupported)
    }
}
