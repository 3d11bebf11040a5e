import Glibc
import MinatoSocket
import TestSupport
import Testing

@Suite("Ownership, options, descriptors", .watchdog)
struct SocketOwnershipTests {
    private func flags(_ descriptor: Int32) -> Int32 { fcntl(descriptor, F_GETFL) }

    @Test("Every descriptor is close-on-exec and non-blocking inside")
    func birth() throws {
        let pair = try Socket.pair(.datagram)
        let copy = try pair.first.duplicate()
        for descriptor in [pair.first.descriptor, pair.second.descriptor, copy.descriptor] {
            #expect(fcntl(descriptor, F_GETFD) == FD_CLOEXEC)
            #expect(flags(descriptor) & O_NONBLOCK != 0)
        }
        #expect(pair.first.family == .unix && pair.first.kind == .datagram)
        try copy.setInheritable(true)
        #expect(copy.isInheritable == true)
        #expect(pair.first.isInheritable == false)
    }

    @Test("Dropping a socket closes it: the peer sees the end")
    func dropping() throws {
        let pair = try Socket.pair()
        do {
            let dropped = pair.first
            _ = dropped.descriptor
        }
        #expect(try pair.second.receive(atMost: 1) == [])
    }

    @Test("detach gives a blocking descriptor; adopt finds out what it is and gives back the mode that it had")
    func detachAndAdopt() throws {
        let pair = try Socket.pair(.stream)
        let descriptor = pair.first.detach()
        #expect(flags(descriptor) & O_NONBLOCK == 0)
        let adopted = try Socket(adopting: descriptor)
        #expect(adopted.family == .unix && adopted.kind == .stream)
        #expect(flags(descriptor) & O_NONBLOCK != 0)
        try adopted.sendAll("x")
        #expect(try pair.second.receive(atMost: 1) == [UInt8(ascii: "x")])
        #expect(adopted.detach() == descriptor)
        #expect(flags(descriptor) & O_NONBLOCK == 0)

        _ = fcntl(descriptor, F_SETFL, flags(descriptor) | O_NONBLOCK)
        #expect(try Socket(adopting: descriptor).detach() == descriptor)
        #expect(flags(descriptor) & O_NONBLOCK != 0)
        try Socket(adopting: descriptor).close()
    }

    @Test("What is no socket is not adopted and stays open")
    func adoptFailure() throws {
        let file = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        #expect(#expect(throws: SocketError.self) { _ = try Socket(adopting: file) }?.code == .notASocket)
        #expect(#expect(throws: SocketError.self) { _ = try Socket(adopting: -1) }?.code == .badDescriptor)
        #expect(fcntl(file, F_GETFD) >= 0)
    }

    @Test("A copy has the timeout of the original and a life of its own")
    func duplicate() throws {
        var pair = try Socket.pair()
        try pair.first.setTimeout(.seconds(7))
        let copy = try pair.first.duplicate()
        #expect(copy.timeout == .seconds(7))
        try pair.first.close()
        try copy.sendAll("y")
        #expect(try pair.second.receive(atMost: 1) == [UInt8(ascii: "y")])
    }

    @Test("Typed options are set and read")
    func options() throws {
        let socket = try Socket(.ipv4)
        try socket.setOption(.keepAlive, true)
        #expect(try socket.option(.keepAlive))
        try socket.setOption(.receiveBufferSize, 8192)
        #expect(try socket.option(.receiveBufferSize) == 16_384)
        #expect(try socket.option(.linger) == .off)
        try socket.setOption(.linger, .upTo(seconds: 3))
        #expect(try socket.option(.linger) == .upTo(seconds: 3))
        try socket.setOption(.linger, .off)
        #expect(try socket.option(.linger) == .off)
        try socket.setOption(.sendTimeout, .milliseconds(1500))
        #expect(try socket.option(.sendTimeout) == .milliseconds(1500))
        try socket.setOption(.congestionControl, Array("reno".utf8))
        #expect(try socket.option(.congestionControl).starts(with: "reno".utf8))
        #expect(try socket.option(.pendingError) == 0)
        let raw = SocketOption<Int>(level: SOL_SOCKET, name: SO_KEEPALIVE)
        #expect(try socket.option(raw) == 1)
        // The table of constants points at options that exist.
        let booleans: [SocketOption<Bool>] = [
            .reuseAddress, .reusePort, .broadcast, .outOfBandInline, .isListening, .noDelay, .cork, .quickAcknowledge,
            .ipv4PacketInfo,
        ]
        for option in booleans { _ = try socket.option(option) }
        let integers: [SocketOption<Int>] = [
            .sendBufferSize, .receiveLowWater, .type, .keepAliveIdle, .keepAliveInterval, .keepAliveCount, .userTimeout,
            .maximumSegment, .fastOpen, .timeToLive, .typeOfService, .pathMTUDiscovery,
        ]
        for option in integers { _ = try socket.option(option) }
        let v6 = try Socket(.ipv6, .datagram)
        try v6.setOption(.ipv6Only, true)
        #expect(try v6.option(.ipv6Only))
        #expect(try v6.option(.hopLimit) > 0)
        #expect(try v6.option(.trafficClass) == 0)
        try v6.setOption(.ipv6PacketInfo, true)
        #expect(try v6.option(.ipv6PacketInfo))
        #expect(try socket.option(.receiveTimeout) == .zero)
        #expect(try !socket.option(.tcpInfo).isEmpty)
        #expect(try socket.option(.bindToDevice).isEmpty)
        #expect(try Socket.pair().first.option(.passCredentials) == false)
    }

    @Test("Options that do not exist or values that do not fit are typed errors")
    func badOptions() throws {
        let socket = try Socket(.ipv4)
        let unknown = SocketOption<Int>(level: SOL_SOCKET, name: 9999)
        #expect(#expect(throws: SocketError.self) { try socket.option(unknown) }?.code == .noSuchOption)
        #expect(#expect(throws: SocketError.self) { try socket.setOption(unknown, 1) }?.code == .noSuchOption)
        let large = #expect(throws: SocketError.self) { try socket.setOption(.receiveBufferSize, Int.max) }
        #expect(large?.code == .invalidArgument)
        let negative = #expect(throws: SocketError.self) { try socket.setOption(.linger, .upTo(seconds: -1)) }
        #expect(negative?.code == .invalidArgument)
        let past = #expect(throws: SocketError.self) { try socket.setOption(.sendTimeout, .seconds(-1)) }
        #expect(past?.code == .invalidArgument)
    }
}
