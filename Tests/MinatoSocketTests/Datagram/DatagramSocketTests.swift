import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Datagrams in tasks", .watchdog)
struct DatagramSocketTests {
    @Test("A Python peer gets what is sent and is answered")
    func python() async throws {
        let peer = try ChildProcess.python(
            """
            import socket
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind(("127.0.0.1", 0))
            print(sock.getsockname()[1])
            while True:
                data, sender = sock.recvfrom(65536)
                sock.sendto(data.upper(), sender)
                if not data: break
            """)
        let port = try #require(peer.readLine().flatMap { UInt16($0) })
        let target = SocketAddress(ipv4: 127, 0, 0, 1, port: port)
        let socket = try await DatagramSocket(boundTo: .udp("127.0.0.1", 0))
        for text in ["hello", "world", ""] {
            try await socket.send(Array(text.utf8), to: target)
            let reply = try await socket.receive(timeout: .seconds(20))
            #expect(reply == Datagram(bytes: Array(text.uppercased().utf8), sender: target))
        }
        #expect(peer.wait() == 0)
    }

    @Test("Who sends to named Unix sockets for ever, and never has to wait, gives way all the same")
    func fairness() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let pair = try Socket.pair(.datagram)
        let socket = try DatagramSocket(adopting: pair.first, on: loop)
        let givesWay = try await givesWay(on: loop) {
            for _ in 0..<64 { try await socket.channel.send(isNamed: true, nil, .none, remote: nil) { _ in 1 } }
        }
        #expect(givesWay)
        withExtendedLifetime(pair.second) {}
    }

    @Test("Empty, largest, too large, and truncated, on the loop and off it", arguments: [true, false])
    func sizes(onLoop: Bool) async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        try await withTaskExecutorPreference(onLoop ? loop : nil) {
            let receiver = try await DatagramSocket(boundTo: .udp("127.0.0.1", 0), loop: loop)
            let sender = try await DatagramSocket(connectedTo: .address(receiver.localAddress, .datagram), loop: loop)
            let source = try sender.localAddress
            let largest = (0..<65_507).map { UInt8(truncatingIfNeeded: $0) }
            for bytes in [[], largest, [1]] {
                try await sender.send(bytes)
                #expect(try await receiver.receive() == Datagram(bytes: bytes, sender: source))
            }
            let long = await #expect(throws: SocketError.self) { try await sender.send(largest + [1]) }
            #expect(long?.code == .messageTooLong)
            let target = try receiver.localAddress
            #expect(
                long?.description
                    == "send udp \(source)->\(target): Message too long (EMSGSIZE)")

            for (count, kept) in [(3, 3), (0, 0), (10, 10), (70_000, 1000)] {
                try await sender.send([UInt8](repeating: 7, count: 1000))
                let cut = try await receiver.receive(atMost: count)
                #expect(cut.bytes == [UInt8](repeating: 7, count: kept))
                #expect(cut.length == 1000)
                #expect(cut.isTruncated == (kept < 1000))
            }
            let negative = await #expect(throws: SocketError.self) { try await receiver.receive(atMost: -1) }
            #expect(negative?.description == "receive udp count -1: Invalid argument (EINVAL)")
        }
    }

    @Test("Into the caller's memory, with the sender")
    func intoMemory() async throws {
        let receiver = try await DatagramSocket(boundTo: .udp("127.0.0.1", 0))
        let sender = try await DatagramSocket(boundTo: .udp("127.0.0.1", 0))
        let target = try receiver.localAddress
        var memory = [UInt8](repeating: 0, count: 4)
        for (size, kept) in [(2, 2), (6, 4), (0, 0)] {
            try await sender.send([UInt8](repeating: 9, count: size), to: target)
            memory = [0, 0, 0, 0]
            var from = SocketAddress()
            var span = memory.mutableSpan
            let length = try await receiver.receive(into: &span, sender: &from)
            #expect(length == size)
            #expect(memory == [UInt8](repeating: 9, count: kept) + [UInt8](repeating: 0, count: 4 - kept))
            #expect(from == (try sender.localAddress))
        }
        try await sender.send([1, 2], to: target)
        var none: [UInt8] = []
        var empty = none.mutableSpan
        #expect(try await receiver.receive(into: &empty) == 2)
    }

    @Test("A refusal is reported to a connected socket, and ends nothing")
    func refused() async throws {
        let holder = try Socket.bound(to: .udp("127.0.0.1", 0))
        let target = try holder.localAddress
        let socket = try await DatagramSocket(connectedTo: .address(target, .datagram))
        try holder.close()
        try await socket.send([1])
        let error = await #expect(throws: SocketError.self) { try await socket.receive(timeout: .seconds(20)) }
        #expect(error?.code == .connectionRefused)
        #expect(error?.remote == target)
        let again = try rebinding { () throws(SocketError) in try Socket.bound(to: .address(target, .datagram)) }
        try await socket.send([2])
        #expect(try again.receiveFrom().bytes == [2])
        try again.send([3], to: socket.localAddress)
        #expect(try await socket.receive().bytes == [3])
    }

    @Test("The sequence skips refusals, gives empty datagrams, ends when closed, throws when cancelled")
    func sequence() async throws {
        let peer = try Socket.bound(to: .udp("127.0.0.1", 0))
        let target = try peer.localAddress
        let socket = try await DatagramSocket(connectedTo: .address(target, .datagram))
        let closed = try await DatagramSocket(boundTo: .udp("127.0.0.1", 0))
        let own = try socket.localAddress
        let collected = Task {
            var all: [[UInt8]] = []
            for try await datagram in socket.datagrams {
                all.append(datagram.bytes)
                if all.count == 3 { socket.close() }
            }
            return all
        }
        for bytes in [[1], [], [2]] as [[UInt8]] { try peer.send(bytes, to: own) }
        #expect(try await collected.value == [[1], [], [2]])

        let refusing = try await DatagramSocket(connectedTo: .address(closed.localAddress, .datagram))
        closed.close()
        let endless = Task { for try await _ in refusing.datagrams {} }
        try? await refusing.send([1])
        endless.cancel()
        #expect(await #expect(throws: SocketError.self) { try await endless.value }?.code == .cancelled)
    }

    @Test("Timeout, deadline, cancellation and closing end a receive; a second one is refused")
    func ends() async throws {
        let socket = try await DatagramSocket(boundTo: .udp("127.0.0.1", 0))
        let address = try socket.localAddress
        let timeout = await #expect(throws: SocketError.self) { try await socket.receive(timeout: .milliseconds(10)) }
        #expect(timeout?.description == "receive udp \(address): Connection timed out (ETIMEDOUT)")
        let deadline = Deadline.after(.milliseconds(5))
        let batch = await #expect(throws: SocketError.self) { try await socket.receiveBatch(deadline: deadline) }
        #expect(batch?.code == .timedOut)
        let message = await #expect(throws: SocketError.self) { try await socket.receiveMessage(deadline: deadline) }
        #expect(message?.code == .timedOut)
        let cancelled = Task { try await socket.receive() }
        cancelled.cancel()
        #expect(await #expect(throws: SocketError.self) { try await cancelled.value }?.code == .cancelled)

        let waiter = Task { try await socket.receive() }
        while !socket.channel.current.isWaiting(.reading) { await Task.yield() }
        let second = await #expect(throws: SocketError.self) { try await socket.receive() }
        #expect(second?.code == .busy)
        // Sending is another direction.
        try await socket.send([4], to: address)
        #expect(try await waiter.value.bytes == [4])

        let last = Task { try await socket.receive() }
        while !socket.channel.current.isWaiting(.reading) { await Task.yield() }
        socket.close()
        #expect(await #expect(throws: SocketError.self) { try await last.value }?.code == .closed)
        let after = await #expect(throws: SocketError.self) { try await socket.send([1], to: address) }
        #expect(after?.description == "send udp \(address): Closed")
        #expect(throws: SocketError.self) { try socket.localAddress }
        #expect(throws: SocketError.self) { try socket.option(.receiveBufferSize) }
    }

    @Test("Streams are refused, names are looked up, one family on request")
    func making() async throws {
        let pair = try Socket.pair()
        let stream = SocketBox(pair.first)
        #expect(throws: SocketError.self) { try DatagramSocket(adopting: stream.take()) }
        let bound = await #expect(throws: SocketError.self) { try await DatagramSocket(boundTo: .tcp("127.0.0.1", 0)) }
        #expect(bound?.code == .notSupported)
        let connected = await #expect(throws: SocketError.self) {
            try await DatagramSocket(connectedTo: .tcp("127.0.0.1", 0))
        }
        #expect(connected?.code == .notSupported)
        let named = try await DatagramSocket(boundTo: .udp("localhost", 0))
        #expect(try named.localAddress.family == .ipv4)
        let port = try #require(named.localAddress.port)
        let client = try await DatagramSocket(connectedTo: .udp("localhost", port), family: .ipv4)
        #expect(try client.remoteAddress == named.localAddress)
        let six = try await DatagramSocket(connectedTo: .udp("::1", port), family: .ipv6)
        #expect(try six.remoteAddress.family == .ipv6)
        let source = SocketAddress(ipv4: 127, 0, 0, 3, port: 0)
        let from = try await DatagramSocket(connectedTo: .udp("127.0.0.1", port), from: source)
        #expect(try from.localAddress.host == "127.0.0.3")
        try from.setOption(.receiveBufferSize, 8192)
        #expect(try from.option(.receiveBufferSize) >= 8192)
        let unconnected = await #expect(throws: SocketError.self) { try await named.send([1]) }
        #expect(unconnected?.code == .init(EDESTADDRREQ))
    }
}
