import Glibc
import MinatoSocket
import TestSupport
import Testing

/// Whether a descriptor was closed shows at the other end of what it refers to: the stream ends with its last copy.
@Suite("Passing descriptors", .watchdog)
struct DescriptorPassingTests {
    /// One end of a stream whose other end is passed, and only passed.
    private func passing(over socket: borrowing Socket, bytes: [UInt8] = [0]) throws -> Socket {
        let pair = try Socket.pair()
        try socket.send(descriptors: [pair.second.descriptor], with: bytes)
        return pair.first
    }

    /// Whether its other end is closed.
    ///
    /// One that is to be closed may be so a moment later: a test beside this one starts a process, which has every descriptor
    /// until it runs its program.
    private func hasEnded(_ socket: borrowing Socket, within patience: Duration = .seconds(20)) throws -> Bool {
        try select(reading: [socket.descriptor], timeout: patience).reading == [socket.descriptor]
            && socket.receive(atMost: 1).isEmpty
    }

    @Test(
        "A descriptor arrives with its bytes, close-on-exec, works, and can be taken once",
        arguments: [Socket.Kind.stream, .datagram])
    func arrives(_ kind: Socket.Kind) throws {
        let pair = try Socket.pair(kind)
        let mine = try passing(over: pair.first, bytes: Array("here".utf8))
        let message = try pair.second.receiveDescriptors(atMost: 1)
        #expect(message.bytes == Array("here".utf8))
        #expect(!message.isAncillaryTruncated)
        #expect(message.flags == [])
        #expect(message.descriptors.count == 1)
        #expect(message.ancillary.map(\.isTruncated) == [false])
        let received = try #require(message.descriptors.first)
        let number = try #require(received.take())
        #expect(received.take() == nil)
        #expect(message.descriptors.first?.take() == nil)
        #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
        #expect(unsafe write(number, "x", 1) == 1)
        #expect(try mine.receive(atMost: 1) == [UInt8(ascii: "x")])
        #expect(close(number) == 0)
        #expect(try hasEnded(mine))
    }

    @Test("What nobody takes is closed with the message")
    func ignored() throws {
        let pair = try Socket.pair()
        let mine = try passing(over: pair.first)
        do {
            let message = try pair.second.receiveDescriptors(atMost: 5)
            #expect(message.descriptors.count == 1)
            #expect(try !hasEnded(mine, within: .zero))
        }
        #expect(try hasEnded(mine))
    }

    @Test("What finds no place is closed, and the message says so")
    func truncated() throws {
        let pair = try Socket.pair()
        for (maximum, kept) in [(0, 0), (1, 1), (2, 2)] {
            var mine: [SharedSocket] = []
            var passed: [SharedSocket] = []
            for _ in 0..<3 {
                let pair = try Socket.pair()
                mine.append(SharedSocket(pair.first))
                passed.append(SharedSocket(pair.second))
            }
            try pair.first.send(descriptors: passed.map { $0.socket.descriptor })
            passed = []
            do {
                let message = try pair.second.receiveDescriptors(atMost: maximum)
                #expect(message.bytes == [0])
                #expect(message.descriptors.count == kept)
                #expect(message.isAncillaryTruncated)
                #expect(!message.ancillary.contains { !$0.isTruncated })
                for (index, socket) in mine.enumerated() {
                    if index < kept {
                        #expect(try !hasEnded(socket.socket, within: .zero))
                    } else {
                        #expect(try hasEnded(socket.socket))
                    }
                }
            }
            let ended = try mine.map { try hasEnded($0.socket) }
            #expect(ended == [true, true, true])
        }
    }

    @Test("A receive that did not ask gets none, and they are closed")
    func notAsked() throws {
        let pair = try Socket.pair(.datagram)
        var mine = try passing(over: pair.first)
        #expect(try pair.second.receive(atMost: 10) == [0])
        #expect(try hasEnded(mine))
        mine = try passing(over: pair.first)
        let message = try pair.second.receiveMessage()
        #expect(message.isAncillaryTruncated)
        #expect(try hasEnded(mine))
    }

    @Test("Many at once: 253, and one more is refused")
    func many() throws {
        let pair = try Socket.pair()
        let mine = try Socket.pair()
        try pair.first.send(descriptors: [Int32](repeating: mine.second.descriptor, count: 253))
        let message = try pair.second.receiveDescriptors(atMost: .max)
        #expect(message.descriptors.count == 253)
        #expect(Set(message.descriptors.map { ObjectIdentifier($0) }).count == 253)
        #expect(!message.isAncillaryTruncated)
        for descriptors in [[], [Int32](repeating: mine.second.descriptor, count: 254)] {
            #expect(
                errorCode { () throws(SocketError) in try pair.first.send(descriptors: descriptors) }
                    == .invalidArgument)
        }
        #expect(errorCode { () throws(SocketError) in try pair.first.send(descriptors: [999_999]) } == .badDescriptor)
        #expect(
            errorCode { () throws(SocketError) in _ = try pair.second.receiveDescriptors(atMost: -1) }
                == .invalidArgument)
    }

    @Test("On a stream a byte has to go with them, or the kernel would drop them without a word")
    func withoutByte() throws {
        let stream = try Socket.pair()
        let other = try Socket.pair()
        #expect(
            errorCode { () throws(SocketError) in try stream.first.send(descriptors: [other.first.descriptor], with: [])
            }
                == .invalidArgument)
        #expect(
            errorCode { () throws(SocketError) in
                try stream.first.sendMessage([[], []], ancillary: [.descriptors([other.first.descriptor])])
            } == .invalidArgument)
        // A datagram may be empty.
        let datagram = try Socket.pair(.datagram)
        try datagram.first.send(descriptors: [other.first.descriptor], with: [])
        let message = try datagram.second.receiveDescriptors(atMost: 1)
        #expect(message.bytes == [] && message.descriptors.count == 1)
    }

    @Test("A socket that was passed is taken as a socket; what is none stays to be taken")
    func takeSocket() throws {
        let pair = try Socket.pair()
        let mine = try passing(over: pair.first)
        let received = try #require(try pair.second.receiveDescriptors(atMost: 1).descriptors.first)
        do {
            var taken = try received.takeSocket()
            if let socket = taken.take() {
                #expect(socket.family == .unix && socket.kind == .stream)
                try socket.sendAll("socket")
            } else {
                Issue.record("no socket")
            }
            #expect(try mine.receive(atMost: 10) == Array("socket".utf8))
        }
        #expect(try hasEnded(mine))
        var again = try received.takeSocket()
        if again.take() != nil { Issue.record("taken twice") }
        #expect(received.take() == nil)

        let directory = try TemporaryDirectory()
        let file = unsafe open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(file) }
        try pair.first.send(descriptors: [file])
        let noSocket = try #require(try pair.second.receiveDescriptors(atMost: 1).descriptors.first)
        #expect(errorCode { () throws(SocketError) in _ = try noSocket.takeSocket() } == .notASocket)
        let number = try #require(noSocket.take())
        #expect(close(number) == 0)
    }

    @Test("What was received is not sent on as it is: its number is taken first")
    func passingOn() throws {
        let pair = try Socket.pair()
        let mine = try passing(over: pair.first)
        let message = try pair.second.receiveDescriptors(atMost: 1)
        #expect(
            errorCode { () throws(SocketError) in try pair.second.sendMessage([[1]], ancillary: message.ancillary) }
                == .invalidArgument)
        let number = try #require(message.descriptors.first?.take())
        try pair.second.send(descriptors: [number])
        close(number)
        #expect(try !hasEnded(mine, within: .zero))
        _ = try pair.first.receiveDescriptors(atMost: 1)
        #expect(try hasEnded(mine))
    }

    @Test("Of several threads that take a descriptor one gets it")
    func race() throws {
        let pair = try Socket.pair()
        for _ in 0..<20 {
            let mine = try passing(over: pair.first)
            let received = try #require(try pair.second.receiveDescriptors(atMost: 1).descriptors.first)
            let threads = try (0..<3).map { _ in try Background { received.take() } }
            let taken = try threads.compactMap { try $0.join() }
            #expect(taken.count == 1)
            for number in taken { close(number) }
            #expect(try hasEnded(mine))
        }
    }
}
