import MinatoSocket
import TestSupport
import Testing

@Suite("Batches of datagrams", .watchdog)
struct BatchTests {
    @Test("Many are sent and received, in order, with few calls")
    func many() throws {
        let receiver = try Socket.bound(to: .udp("127.0.0.1", 0))
        let sender = try Socket.bound(to: .udp("127.0.0.1", 0))
        let target = try receiver.localAddress
        let source = try sender.localAddress
        let batch = (0..<150).map { number in
            OutgoingDatagram([UInt8](repeating: UInt8(number), count: number % 7), to: target)
        }
        #expect(try sender.sendBatch(batch) == 150)
        var received: [Datagram] = []
        while received.count < 150 {
            let some = try receiver.receiveBatch(atMost: 1000)
            #expect(1...64 ~= some.count)
            received += some
        }
        #expect(received == batch.map { Datagram(bytes: $0.bytes, sender: source) })
    }

    @Test("To the connected peer, to several addresses, and none at all")
    func destinations() throws {
        let first = try Socket.bound(to: .udp("127.0.0.1", 0))
        let second = try Socket.bound(to: .udp("127.0.0.1", 0))
        let sender = try Socket.bound(to: .udp("127.0.0.1", 0))
        let batch = try [OutgoingDatagram([1], to: first.localAddress), OutgoingDatagram([2], to: second.localAddress)]
        #expect(try sender.sendBatch(batch) == 2)
        #expect(try first.receiveBatch(atMost: 10).map(\.bytes) == [[1]])
        #expect(try second.receiveBatch(atMost: 10).map(\.bytes) == [[2]])
        try sender.connect(to: first.localAddress)
        #expect(try sender.sendBatch([OutgoingDatagram([3]), OutgoingDatagram([])]) == 2)
        #expect(try first.receiveBatch(atMost: 10).map(\.bytes) == [[3], []])
        #expect(try sender.sendBatch([]) == 0)
        #expect(try first.receiveBatch(atMost: 0) == [])
    }

    @Test("Unix datagrams to a name")
    func unix() throws {
        let receiver = try Socket(.unix, .datagram)
        try receiver.bind(to: SocketAddress.unixUnnamed)
        let target = try receiver.localAddress
        let sender = try Socket(.unix, .datagram)
        #expect(try sender.sendBatch((0..<5).map { OutgoingDatagram([$0], to: target) }) == 5)
        #expect(try receiver.receiveBatch(atMost: 10).map(\.bytes) == [[0], [1], [2], [3], [4]])
    }

    @Test("Those that were cut say so")
    func truncation() throws {
        let pair = try Socket.pair(.datagram)
        try pair.first.sendBatch([OutgoingDatagram([1, 2, 3, 4]), OutgoingDatagram([5]), OutgoingDatagram([])])
        let received = try pair.second.receiveBatch(atMost: 10, size: 2)
        #expect(received.map(\.bytes) == [[1, 2], [5], []])
        #expect(received.map(\.length) == [4, 1, 0])
        #expect(received.map(\.isTruncated) == [true, false, false])
        try pair.first.sendBatch([OutgoingDatagram([1])])
        #expect(try pair.second.receiveBatch(atMost: 1, size: 0).map(\.length) == [1])
    }

    @Test("An error of the first is thrown; of a later one the count so far is returned")
    func errors() throws {
        let receiver = try Socket.bound(to: .udp("127.0.0.1", 0))
        let sender = try Socket(.ipv4, .datagram)
        let target = try receiver.localAddress
        let good = OutgoingDatagram([1], to: target)
        let bad = OutgoingDatagram([UInt8](repeating: 0, count: 70_000), to: target)
        #expect(try sender.sendBatch([good, good, bad, good]) == 2)
        // Beyond the first system call too.
        #expect(try sender.sendBatch([OutgoingDatagram](repeating: good, count: 64) + [bad]) == 64)
        do throws(SocketError) {
            try sender.sendBatch([bad, good])
            Issue.record("no error")
        } catch {
            #expect(error.code == .messageTooLong)
            #expect(error.remote == target)
        }
        for (count, size) in [(-1, 1), (1, -1)] {
            #expect(
                errorCode { () throws(SocketError) in _ = try receiver.receiveBatch(atMost: count, size: size) }
                    == .invalidArgument)
        }
        var waiting = try Socket(.ipv4, .datagram)
        try waiting.setTimeout(.milliseconds(10))
        #expect(errorCode { () throws(SocketError) in _ = try waiting.receiveBatch(atMost: 3) } == .timedOut)
    }

    @Test("A stream has no datagrams")
    func streams() throws {
        let pair = try Socket.pair()
        try pair.first.sendAll("abc")
        #expect(errorCode { () throws(SocketError) in _ = try pair.second.receiveBatch(atMost: 1) } == .notSupported)
        #expect(
            errorCode { () throws(SocketError) in try pair.second.sendBatch([OutgoingDatagram([1])]) } == .notSupported)
        #expect(try pair.second.receive(atMost: 10) == Array("abc".utf8))
    }
}
