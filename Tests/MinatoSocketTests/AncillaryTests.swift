import Glibc
import MinatoSocket
import TestSupport
import Testing

@Suite("Ancillary data: credentials, packet info, raw items", .watchdog)
struct AncillaryTests {
    @Test("The room that items take, as CMSG_SPACE and CMSG_LEN give it")
    func room() {
        for (payload, space, length) in [
            (0, 16, 16), (1, 24, 17), (4, 24, 20), (8, 24, 24), (9, 32, 25), (12, 32, 28), (-1, 0, 0), (.min, 0, 0),
            (.max, .max, .max), (Int(Int32.max), .max, .max),
        ] {
            #expect(AncillaryData.space(payload) == space, "\(payload)")
            #expect(AncillaryData.length(payload) == length, "\(payload)")
        }
    }

    @Test("A Unix socket that asks for it gets the sender's credentials, given or not")
    func credentials() throws {
        let pair = try Socket.pair(.datagram)
        try pair.second.setOption(.passCredentials, true)
        try pair.first.sendMessage([[1]])
        try pair.first.sendMessage([[2]], ancillary: [.credentials(.current)])
        for byte in 1...2 {
            let message = try pair.second.receiveMessage(ancillaryCapacity: AncillaryData.space(12))
            #expect(message.bytes == [UInt8(byte)])
            #expect(message.credentials == .current)
            #expect(message.credentials == ProcessCredentials(process: getpid(), user: getuid(), group: getgid()))
            #expect(message.ancillary.count == 1)
            #expect(message.descriptors.isEmpty)
            #expect(message.ancillary.first?.raw == nil)
        }
    }

    @Test("Credentials that were cut off are no credentials")
    func truncatedCredentials() throws {
        let pair = try Socket.pair(.datagram)
        try pair.second.setOption(.passCredentials, true)
        try pair.first.send([1])
        let message = try pair.second.receiveMessage(ancillaryCapacity: AncillaryData.length(4))
        #expect(message.bytes == [1])
        #expect(message.isAncillaryTruncated)
        #expect(message.credentials == nil)
        #expect(message.ancillary.first?.isTruncated == true)
        #expect(message.ancillary.first?.raw?.bytes.count == 4)
        #expect(message.ancillary.first?.integer == nil)
    }

    @Test("The credentials of a connected peer")
    func peerCredentials() throws {
        let pair = try Socket.pair()
        #expect(try pair.first.peerCredentials == .current)
        let lonely = try Socket(.unix)
        #expect(errorCode { () throws(SocketError) in _ = try lonely.peerCredentials } == .notConnected)
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let tcp = try Socket.connect(to: .address(listener.localAddress))
        #expect(errorCode { () throws(SocketError) in _ = try tcp.peerCredentials } == .notSupported)
    }

    @Test("A datagram tells where it came to, and can leave from another address of this host")
    func packetInfo() throws {
        let server = try Socket.bound(to: .udp("0.0.0.0", 0))
        try server.setOption(.ipv4PacketInfo, true)
        let port = try #require(try server.localAddress.port)
        let client = try Socket.bound(to: .udp("127.0.0.1", 0))
        try client.send([1], to: SocketAddress(host: "127.0.0.5", port: port))
        let message = try server.receiveMessage(ancillaryCapacity: AncillaryData.space(12))
        let info = try #require(message.packetInfo)
        #expect(try info.address == SocketAddress(host: "127.0.0.5", port: 0))
        #expect(info.interfaceIndex == MulticastTests.loopback)
        #expect(message.credentials == nil)

        // The answer leaves from there.
        try server.sendMessage([[2]], ancillary: [.packetInfo(PacketInfo(address: info.address))], to: message.sender)
        let answer = try client.receiveFrom()
        #expect(answer.bytes == [2])
        #expect(try answer.sender == SocketAddress(host: "127.0.0.5", port: port))
    }

    @Test("The same for IPv6")
    func packetInfo6() throws {
        let server = try Socket.bound(to: .udp("::", 0))
        try server.setOption(.ipv6PacketInfo, true)
        let port = try #require(try server.localAddress.port)
        let client = try Socket.bound(to: .udp("::1", 0))
        try client.send([1], to: SocketAddress(host: "::1", port: port))
        let message = try server.receiveMessage(ancillaryCapacity: AncillaryData.space(20))
        let info = try #require(message.packetInfo)
        #expect(try info.address == SocketAddress(host: "::1", port: 0))
        #expect(info.interfaceIndex == MulticastTests.loopback)
        try server.sendMessage([[2]], ancillary: [.packetInfo(info)], to: message.sender)
        #expect(try client.receiveFrom().bytes == [2])
    }

    @Test("A raw item goes out and comes back with its number")
    func raw() throws {
        let receiver = try Socket.bound(to: .udp("127.0.0.1", 0))
        let sender = try Socket(.ipv4, .datagram)
        try receiver.setOption(SocketOption<Bool>(level: Int32(IPPROTO_IP), name: IP_RECVTTL), true)
        let hops: [UInt8] = [5, 0, 0, 0]
        try sender.sendMessage(
            [[1]], ancillary: [.raw(level: Int32(IPPROTO_IP), type: IP_TTL, bytes: hops)], to: receiver.localAddress)
        let message = try receiver.receiveMessage(ancillaryCapacity: AncillaryData.space(4))
        let item = try #require(message.ancillary.first)
        #expect(item.integer == 5)
        #expect(item.raw?.level == Int32(IPPROTO_IP))
        #expect(item.raw?.type == IP_TTL)
        #expect(item.raw?.bytes == hops)
        #expect(!item.isTruncated)
        #expect(item.credentials == nil && item.packetInfo == nil && item.receivedDescriptors.isEmpty)
    }

    @Test("The kernel cuts a large message into datagrams of the segment size")
    func segments() throws {
        let receiver = try Socket.bound(to: .udp("127.0.0.1", 0))
        let sender = try Socket(.ipv4, .datagram)
        let bytes = (0..<2500).map { UInt8(truncatingIfNeeded: $0 / 1000) }
        try sender.sendMessage(bytes.span, ancillary: [.segmentSize(1000)], to: receiver.localAddress)
        for (number, size) in [1000, 1000, 500].enumerated() {
            #expect(try receiver.receiveFrom().bytes == [UInt8](repeating: UInt8(number), count: size))
        }
    }

    @Test("Items that cannot be sent are typed errors, and nothing is sent")
    func refusals() throws {
        let receiver = try Socket.bound(to: .udp("127.0.0.1", 0))
        let sender = try Socket(.ipv4, .datagram)
        let target = try receiver.localAddress
        let path = try SocketAddress(abstractName: "nobody")
        do throws(SocketError) {
            try sender.sendMessage([[1]], ancillary: [.packetInfo(PacketInfo(address: path))], to: target)
            Issue.record("no error")
        } catch {
            #expect(error.code == .familyNotSupported)
            #expect(
                error.description
                    == "send udp ancillary data \(target): Address family not supported by protocol (EAFNOSUPPORT)")
        }
        for descriptors in [[], [Int32](repeating: 0, count: 254)] {
            #expect(
                errorCode { () throws(SocketError) in
                    try sender.sendMessage([[1]], ancillary: [.descriptors(descriptors)], to: target)
                } == .invalidArgument)
        }
        try sender.send([9], to: target)
        #expect(try receiver.receiveFrom().bytes == [9])
    }

    @Test("Several items travel in one message, and what is cut off is flagged")
    func several() throws {
        let pair = try Socket.pair(.datagram)
        try pair.second.setOption(.passCredentials, true)
        let passed = try Socket.pair()
        let items: [AncillaryData] = [.descriptors([passed.first.descriptor]), .credentials(.current)]
        let room = AncillaryData.space(12) + AncillaryData.space(4)
        try pair.first.sendMessage([[1]], ancillary: items)
        var message = try pair.second.receiveMessage(ancillaryCapacity: room)
        #expect(message.credentials == .current)
        #expect(message.descriptors.count == 1)
        #expect(message.ancillary.count == 2)
        #expect(!message.isAncillaryTruncated)

        // Room for the first item only: the kernel writes the credentials first.
        try pair.first.sendMessage([[1]], ancillary: items)
        message = try pair.second.receiveMessage(ancillaryCapacity: AncillaryData.space(12))
        #expect(message.credentials == .current)
        #expect(message.descriptors.isEmpty)
        #expect(message.isAncillaryTruncated)
    }
}
