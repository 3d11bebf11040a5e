import Glibc
import MinatoSocket
import TestSupport
import Testing

@Suite("Messages", .watchdog)
struct MessagesTests {
    @Test(
        "A message is gathered from its pieces",
        arguments: [[], [""], ["a"], ["ab", "", "cde"], Array(repeating: "xy", count: 1024)])
    func gathering(_ pieces: [String]) throws {
        for kind in [Socket.Kind.datagram, .stream, .sequencedPacket] {
            let pair = try Socket.pair(kind)
            let whole = Array(pieces.joined().utf8)
            #expect(try pair.first.sendMessage(pieces.map { Array($0.utf8) }) == whole.count)
            if kind != .datagram, whole.isEmpty { continue }
            let message = try pair.second.receiveMessage()
            #expect(message.bytes == whole)
            #expect(message.length == whole.count)
            #expect(message.pieces == [whole])
            #expect(message.ancillary.isEmpty)
            #expect(!message.isTruncated && !message.isAncillaryTruncated)
        }
    }

    @Test("Bytes in one piece, to an address; the sender is told")
    func addressed() throws {
        let receiver = try Socket.bound(to: .udp("127.0.0.1", 0))
        let sender = try Socket.bound(to: .udp("127.0.0.1", 0))
        let target = try receiver.localAddress
        #expect(try sender.sendMessage(Array("hello".utf8).span, to: target) == 5)
        #expect(try sender.sendMessage([], to: target) == 0)
        #expect(try sender.sendMessage([Array("by".utf8), Array("e".utf8)], to: target) == 3)
        for expected in ["hello", "", "bye"] {
            let message = try receiver.receiveMessage()
            #expect(message.bytes == Array(expected.utf8))
            #expect(try message.sender == sender.localAddress)
        }
    }

    @Test("Too many pieces, and a datagram that is too large, are too long; the socket stays usable")
    func tooLong() throws {
        let receiver = try Socket.bound(to: .udp("127.0.0.1", 0))
        let sender = try Socket(.ipv4, .datagram)
        let target = try receiver.localAddress
        // The second would not fit on the stack, if it got so far.
        for count in [1025, 1_000_000] {
            let many = [[UInt8]](repeating: [1], count: count)
            do throws(SocketError) {
                try sender.sendMessage(many, to: target)
                Issue.record("no error")
            } catch {
                #expect(error.code == .messageTooLong)
                #expect(error.remote == target)
            }
        }
        let large = [[UInt8]](repeating: [UInt8](repeating: 1, count: 35_000), count: 2)
        #expect(errorCode { () throws(SocketError) in try sender.sendMessage(large, to: target) } == .messageTooLong)
        #expect(
            errorCode { () throws(SocketError) in
                _ = try receiver.receiveMessage(scattering: [Int](repeating: 1, count: 1025))
            } == .messageTooLong)
        try sender.sendMessage([[7]], to: target)
        #expect(try receiver.receiveMessage().bytes == [7])
    }

    @Test(
        "A message is scattered: each piece is filled before the next",
        arguments: [
            ([2, 3], ["ab", "cde"]), ([2, 0, 10], ["ab", "", "cde"]), ([5], ["abcde"]), ([1, 1], ["a", "b"]),
            ([10, 4], ["abcde", ""]), ([0, 0], ["", ""]), ([], []),
        ])
    func scattering(_ sizes: [Int], _ expected: [String]) throws {
        let pair = try Socket.pair(.datagram)
        try pair.first.send(Array("abcde".utf8))
        let message = try pair.second.receiveMessage(scattering: sizes)
        #expect(message.pieces.map { String(decoding: $0, as: UTF8.self) } == expected)
        #expect(message.bytes == Array(expected.joined().utf8))
        #expect(message.length == 5)
        #expect(message.isTruncated == (sizes.reduce(0, +) < 5))
        #expect(message.flags.contains(.truncated) == message.isTruncated)
    }

    @Test("A datagram that was cut says so with its true length; of a stream nothing is cut")
    func truncation() throws {
        for kind in [Socket.Kind.datagram, .sequencedPacket] {
            let pair = try Socket.pair(kind)
            try pair.first.send([UInt8](repeating: 5, count: 1000))
            let message = try pair.second.receiveMessage(atMost: 10)
            #expect(message.bytes == [UInt8](repeating: 5, count: 10))
            #expect(message.length == 1000)
            #expect(message.isTruncated)
        }
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let client = try Socket.connect(to: .address(listener.localAddress))
        let accepted = try listener.accept()
        try client.sendAll("abcde")
        // MSG_TRUNC on TCP throws away what it counts: it must not get through.
        for expected in ["ab", "cd", "e"] {
            let message = try accepted.socket.receiveMessage(atMost: 2, flags: .truncated)
            #expect(message.bytes == Array(expected.utf8))
            #expect(message.length == expected.utf8.count && !message.isTruncated)
        }
        try client.shutdown(.sending)
        #expect(try accepted.socket.receiveMessage().bytes == [])
    }

    @Test("Peeking leaves the message in the queue; the end of a record is told")
    func flags() throws {
        let pair = try Socket.pair(.sequencedPacket)
        try pair.first.sendMessage([[1, 2, 3]], flags: .endOfRecord)
        #expect(try pair.second.receiveMessage(flags: .peek).bytes == [1, 2, 3])
        #expect(try pair.second.receiveMessage().bytes == [1, 2, 3])
    }

    @Test("It waits for the timeout, and negative sizes and capacities are typed errors")
    func errors() throws {
        var pair = try Socket.pair(.datagram)
        try pair.first.setTimeout(.milliseconds(10))
        let start = ContinuousClock.now
        #expect(errorCode { () throws(SocketError) in _ = try pair.first.receiveMessage() } == .timedOut)
        #expect(start.duration(to: .now) >= .milliseconds(10))
        try pair.first.setTimeout(.zero)
        #expect(errorCode { () throws(SocketError) in _ = try pair.first.receiveMessage() } == .wouldBlock)

        for sizes in [[-1], [1, -1], [.min], [.max], [.max, .max], [1 << 30, 1]] {
            #expect(
                errorCode { () throws(SocketError) in _ = try pair.first.receiveMessage(scattering: sizes) }
                    == .invalidArgument)
        }
        for capacity in [-1, Int(Int32.max) + 1, .max, .min] {
            do throws(SocketError) {
                _ = try pair.first.receiveMessage(ancillaryCapacity: capacity)
                Issue.record("no error")
            } catch {
                #expect(
                    error.description
                        == "receive unixgram ancillary capacity \(capacity): Invalid argument (EINVAL)")
            }
        }
    }

    @Test("A closed peer is a broken pipe, without a signal")
    func brokenPipe() throws {
        var first: Socket
        do {
            let pair = try Socket.pair()
            first = pair.first
        }
        try first.setTimeout(.seconds(20))
        #expect(errorCode { () throws(SocketError) in try first.sendMessage([[1]]) } == .brokenPipe)
        let error = failure { () throws(SocketError) in try first.sendMessage([[1], [2]]) }
        #expect(error?.description == "send unix: Broken pipe (EPIPE)")
    }

    private func failure(_ body: () throws(SocketError) -> Void) -> SocketError? {
        do throws(SocketError) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}
