import CMinato
import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Batches, messages and Unix datagrams in tasks", .watchdog)
struct DatagramBatchTests {
    @Test("Many are sent and received, in order")
    func batches() async throws {
        let receiver = try await DatagramSocket(boundTo: .udp("127.0.0.1", 0))
        let sender = try await DatagramSocket(boundTo: .udp("127.0.0.1", 0))
        let target = try receiver.localAddress
        let source = try sender.localAddress
        let batch = (0..<150).map { OutgoingDatagram([UInt8](repeating: UInt8($0), count: $0 % 7), to: target) }
        #expect(try await sender.sendBatch(batch) == 150)
        var received: [Datagram] = []
        while received.count < 150 {
            let some = try await receiver.receiveBatch(atMost: 1000, timeout: .seconds(20))
            #expect(1...64 ~= some.count)
            received += some
        }
        #expect(received == batch.map { Datagram(bytes: $0.bytes, sender: source) })
        #expect(try await sender.sendBatch([]) == 0)
        #expect(try await receiver.receiveBatch(atMost: 0) == [])
    }

    @Test("An error of the first is thrown; of a later one the count so far is returned")
    func errors() async throws {
        let receiver = try await DatagramSocket(boundTo: .udp("127.0.0.1", 0))
        let sender = try await DatagramSocket(boundTo: .udp("127.0.0.1", 0))
        let good = try OutgoingDatagram([1], to: receiver.localAddress)
        let bad = try OutgoingDatagram([UInt8](repeating: 0, count: 70_000), to: receiver.localAddress)
        #expect(try await sender.sendBatch([good, good, bad, good]) == 2)
        #expect(try await sender.sendBatch([OutgoingDatagram](repeating: good, count: 64) + [bad]) == 64)
        let error = await #expect(throws: SocketError.self) { try await sender.sendBatch([bad, good]) }
        #expect(error?.code == .messageTooLong)
        #expect(error?.remote == bad.destination)
        for (count, size) in [(-1, 1), (1, -1)] {
            let error = await #expect(throws: SocketError.self) {
                try await receiver.receiveBatch(atMost: count, size: size)
            }
            #expect(error?.code == .invalidArgument)
        }
        // After all that it goes on.
        #expect(try await receiver.receiveBatch().count == 64)
    }

    @Test("Where a datagram came to is told, and it is answered from there")
    func packetInfo() async throws {
        let server = try await DatagramSocket(boundTo: .udp("", 0))
        try server.setOption(.ipv4PacketInfo, true)
        let port = UInt16(try #require(server.localAddress.port))
        let client = try await DatagramSocket(
            connectedTo: .address(SocketAddress(ipv4: 127, 0, 0, 7, port: port), .datagram))
        try await client.sendMessage([[1], [2, 3]])
        let question = try await server.receiveMessage(ancillaryCapacity: AncillaryData.space(32))
        #expect(question.bytes == [1, 2, 3])
        let info = try #require(question.packetInfo)
        #expect(info.address == SocketAddress(ipv4: 127, 0, 0, 7, port: 0))
        try await server.sendMessage([[4]], ancillary: [.packetInfo(info)], to: question.sender)
        // The client takes datagrams from 127.0.0.7 only.
        #expect(try await client.receive(timeout: .seconds(20)).bytes == [4])
        let wrong = await #expect(throws: SocketError.self) {
            try await server.sendMessage(
                [[4]], ancillary: [.packetInfo(PacketInfo(address: SocketAddress()))], to: question.sender)
        }
        #expect(wrong?.subject == "ancillary data")
    }

    @Test("Unix datagrams by path and abstract name, and descriptors in them")
    func unix() async throws {
        let directory = try TemporaryDirectory()
        for endpoint in [
            Endpoint.unixDatagram(directory.file("d")), .abstractDatagram("minato-\(getpid())-datagram"),
        ] {
            let server = try await DatagramSocket(boundTo: endpoint)
            let client = try await DatagramSocket(connectedTo: endpoint, from: .unixUnnamed)
            try await client.send(Array("ask".utf8))
            let question = try await server.receive()
            #expect(question.sender == (try client.localAddress))
            try await server.send(Array("answer".utf8), to: question.sender)
            #expect(try await client.receive().bytes == Array("answer".utf8))
            let pair = try Socket.pair()
            try await client.sendMessage([[0]], ancillary: [.descriptors([pair.first.descriptor])])
            let message = try await server.receiveMessage(ancillaryCapacity: AncillaryData.space(64))
            #expect(message.descriptors.count == 1)
        }
        let missing = await #expect(throws: SocketError.self) {
            try await DatagramSocket(connectedTo: .unixDatagram(directory.file("none")))
        }
        #expect(missing?.code == .notFound)
    }

    @Test("A full Unix queue is waited for, named or connected, and the loop does other work meanwhile")
    func fullQueue() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        try await withTaskExecutorPreference(loop) {
            for isConnected in [false, true] {
                let receiver = try Socket(.unix, .datagram)
                try receiver.bind(to: SocketAddress.unixUnnamed)
                let target = try receiver.localAddress
                let sender =
                    isConnected
                    ? try await DatagramSocket(connectedTo: .address(target, .datagram), loop: loop)
                    : try DatagramSocket(adopting: Socket(.unix, .datagram), on: loop)
                let send = { @Sendable (bytes: [UInt8], timeout: Duration?) async throws(SocketError) in
                    if isConnected {
                        try await sender.send(bytes, timeout: timeout)
                    } else {
                        try await sender.send(bytes, to: target, timeout: timeout)
                    }
                }
                var sent = 0
                let clock = ContinuousClock()
                var begin = clock.now
                var full: SocketError?
                while full == nil {
                    begin = clock.now
                    do throws(SocketError) {
                        try await send([UInt8(truncatingIfNeeded: sent)], .milliseconds(30))
                        sent += 1
                    } catch {
                        full = error
                    }
                }
                #expect(full?.code == .timedOut)
                #expect(full?.remote == target)
                #expect(clock.now - begin >= .milliseconds(30))

                let cancelled = Task { try await send([255], nil) }
                cancelled.cancel()
                #expect(await #expect(throws: SocketError.self) { try await cancelled.value }?.code == .cancelled)

                async let waiting: Void = send([77], nil)
                while !sender.channel.current.isWaiting(.writing), loop.core.hasEdges { await Task.yield() }
                for number in 0..<sent {
                    #expect(try receiver.receiveFrom().bytes == [UInt8(truncatingIfNeeded: number)])
                }
                try await waiting
                #expect(try receiver.receiveFrom().bytes == [77])
                // All of a batch, although the queue holds a few only.
                let destination = isConnected ? nil : target
                let batch = (0..<100).map { OutgoingDatagram([UInt8($0)], to: destination) }
                let reading = SocketBox(receiver)
                let reader = try Background {
                    let receiver = try reading.take()
                    return try (0..<100).map { _ in try receiver.receiveFrom().bytes[0] }
                }
                #expect(try await sender.sendBatch(batch) == 100)
                #expect(try reader.join() == (0..<100).map { UInt8($0) })
            }
        }
    }

    @Test("A queue that somebody else has filled is waited for", arguments: [true, false])
    func foreignQueue(isConnected: Bool) async throws {
        let receiver = try Socket(.unix, .datagram)
        try receiver.bind(to: SocketAddress.unixUnnamed)
        let target = try receiver.localAddress
        var filler = try Socket(.unix, .datagram)
        try filler.setTimeout(.zero)
        var filled = 0
        while errorCode({ () throws(SocketError) in try filler.send([0], to: target) }) == nil { filled += 1 }
        let sender =
            isConnected
            ? try await DatagramSocket(connectedTo: .address(target, .datagram))
            : try DatagramSocket(adopting: Socket(.unix, .datagram))
        let send = { @Sendable (timeout: Duration?) async throws(SocketError) in
            if isConnected {
                try await sender.send([1], timeout: timeout)
            } else {
                try await sender.send([1], to: target, timeout: timeout)
            }
        }
        // The loop's first report, that the socket is writable, is used up by this.
        let full = await #expect(throws: SocketError.self) { try await send(.milliseconds(20)) }
        #expect(full?.code == .timedOut)
        let sending = Task { try await send(nil) }
        while !sender.channel.current.isWaiting(.writing), sender.channel.loop.core.hasEdges { await Task.yield() }
        for _ in 0..<filled { #expect(try receiver.receiveFrom().bytes == [0]) }
        try await sending.value
        #expect(try receiver.receiveFrom().bytes == [1])
    }

    @Test("Waiting for the queue of a named receiver is no spinning")
    func pauses() async throws {
        let receiver = try Socket(.unix, .datagram)
        try receiver.bind(to: SocketAddress.unixUnnamed)
        let target = try receiver.localAddress
        let sender = try DatagramSocket(adopting: Socket(.unix, .datagram))
        var tries = 0
        let full = await #expect(throws: SocketError.self) {
            while true {
                tries = 0
                try await sender.channel.send(isNamed: true, .milliseconds(100), .none, remote: target) { descriptor in
                    tries += 1
                    return unsafe target.withPointer {
                        unsafe minato_socket_send_to(descriptor, [1], 1, 0, $0, Int64(MINATO_NO_WAIT))
                    }
                }
            }
        }
        #expect(full?.code == .timedOut)
        // After 0, 1, 3, 7, 15, 31 and 63 ms.
        #expect(1...7 ~= tries)
    }

    @Test("Closing wakes a send that waits for a queue")
    func closeSender() async throws {
        let receiver = try Socket(.unix, .datagram)
        try receiver.bind(to: SocketAddress.unixUnnamed)
        let target = try receiver.localAddress
        let sender = try DatagramSocket(adopting: Socket(.unix, .datagram))
        let filling = Task { () -> SocketError.Code in
            while true {
                do throws(SocketError) {
                    try await sender.send([1], to: target)
                } catch {
                    return error.code
                }
            }
        }
        while !sender.channel.current.isWaiting(.writing), sender.channel.loop.core.hasEdges { await Task.yield() }
        sender.close()
        #expect(await filling.value == .closed)
    }
}
