import Glibc
import MinatoSocket
import TestSupport
import Testing

@Suite("Sending and receiving", .watchdog)
struct SocketTransferTests {
    @Test("The end of a stream is empty, never an error, and stays")
    func endOfStream() throws {
        let pair = try Socket.pair()
        try pair.first.sendAll("abc")
        try pair.first.shutdown(.sending)
        #expect(try pair.second.receive(atMost: 2) == Array("ab".utf8))
        #expect(try pair.second.receive(atMost: 2) == Array("c".utf8))
        #expect(try pair.second.receive(atMost: 2) == [])
        #expect(try pair.second.receive(atMost: 2) == [])
        // Half-closed: the other direction lives.
        try pair.second.sendAll("still")
        #expect(try pair.first.receive(atMost: 10) == Array("still".utf8))
    }

    @Test("An empty datagram is a datagram; a truncated one says so with its true length")
    func datagrams() throws {
        let receiver = try Socket.bound(to: .udp("127.0.0.1", 0))
        let sender = try Socket.bound(to: .udp("127.0.0.1", 0))
        let target = try receiver.localAddress
        #expect(try sender.send([], to: target) == 0)
        #expect(try sender.send([UInt8](repeating: 7, count: 1000), to: target) == 1000)
        #expect(try sender.send([1, 2], to: target) == 2)
        #expect(try receiver.receiveFrom() == Datagram(bytes: [], sender: sender.localAddress))
        let cut = try receiver.receiveFrom(atMost: 10)
        #expect(cut == Datagram(bytes: [UInt8](repeating: 7, count: 10), sender: try sender.localAddress, length: 1000))
        #expect(cut.isTruncated)
        #expect(try receiver.receiveFrom(atMost: 0).length == 2)
        try sender.connect(to: target)
        #expect(try sender.send([]) == 0)
        #expect(try sender.send([5]) == 1)
        try sender.sendAll([])
        #expect(try receiver.receive(atMost: 10) == [])
        #expect(try receiver.receive(atMost: 10, flags: .peek) == [5])
        #expect(try receiver.receive(atMost: 10) == [5])
        #expect(try receiver.receiveFrom().bytes == [])
    }

    @Test("A datagram that is too long is refused and the socket stays usable; a refused one is reported")
    func datagramErrors() throws {
        let sender = try Socket(.ipv4, .datagram)
        let receiver = try Socket.bound(to: .udp("127.0.0.1", 0))
        let target = try receiver.localAddress
        let long = #expect(throws: SocketError.self) {
            try sender.send([UInt8](repeating: 0, count: 70_000), to: target)
        }
        #expect(long?.code == .messageTooLong)
        #expect(long?.remote == target)
        let largest = [UInt8](repeating: 3, count: 65_507)
        #expect(try sender.send(largest, to: target) == 65_507)
        #expect(try receiver.receiveFrom().bytes == largest)

        var client = try Socket(.ipv4, .datagram)
        try client.setTimeout(.seconds(20))
        try client.connect(to: target)
        try receiver.close()
        try client.send([1])
        let refused = #expect(throws: SocketError.self) { try client.receive(atMost: 1) }
        #expect(refused?.code == .connectionRefused)
    }

    @Test("4 MiB go through the smallest send buffer whole and in order")
    func everything() throws {
        let pair = try Socket.pair()
        try pair.first.setOption(.sendBufferSize, 1)
        let bytes = (0..<4 * 1024 * 1024).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let sender = SocketBox(pair.first)
        let sending = try Background {
            let socket = try sender.take()
            try socket.sendAll(bytes)
        }
        var received: [UInt8] = []
        received.reserveCapacity(bytes.count)
        while true {
            let chunk = try pair.second.receive(atMost: 65_536)
            if chunk.isEmpty { break }
            received += chunk
        }
        try sending.join()
        #expect(received == bytes)
    }

    @Test("receive(into:) appends to what is there and stops at the free space")
    func into() throws {
        let pair = try Socket.pair()
        try pair.first.sendAll("abcdef")
        let bytes = try [UInt8](capacity: 5) { (output) throws(SocketError) in
            output.append(UInt8(ascii: "-"))
            let first = try pair.second.receive(into: &output)
            let second = try pair.second.receive(into: &output)
            #expect(first == 4 && second == 0)
        }
        #expect(bytes == Array("-abcd".utf8))
        for count in [-1, .min, 1 << 30 + 1, .max] {
            let refused = #expect(throws: SocketError.self) { try pair.second.receive(atMost: count) }
            #expect(refused?.code == .invalidArgument)
            let datagram = #expect(throws: SocketError.self) { try pair.second.receiveFrom(atMost: count) }
            #expect(datagram?.code == .invalidArgument)
        }
        #expect(try pair.second.receive(atMost: 0) == [])
        #expect(try pair.second.receive(atMost: 2) == Array("ef".utf8))
    }

    @Test("MSG_TRUNC on a stream neither throws bytes away nor hands out memory that nobody wrote")
    func truncatedStream() throws {
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let client = try Socket.connect(to: .address(listener.localAddress))
        let accepted = try listener.accept()
        try client.sendAll("abcdef")
        #expect(try accepted.socket.receive(atMost: 2, flags: .truncated) == Array("ab".utf8))
        #expect(try accepted.socket.receiveFrom(atMost: 2, flags: .truncated).bytes == Array("cd".utf8))
        #expect(try accepted.socket.receive(atMost: 2) == Array("ef".utf8))
    }

    @Test("receiveFrom on a stream loses nothing")
    func receiveFromStream() throws {
        let pair = try Socket.pair()
        try pair.first.sendAll("abcd")
        #expect(try pair.second.receiveFrom(atMost: 2).bytes == Array("ab".utf8))
        #expect(try pair.second.receiveFrom(atMost: 2).bytes == Array("cd".utf8))
    }

    @Test("Unix datagrams keep their bounds, and a full queue of a named peer is waited for")
    func unixDatagrams() throws {
        let receiver = SharedSocket(try Socket.bound(to: .address(.unixUnnamed, .datagram)))
        let target = try receiver.socket.localAddress
        var sender = try Socket(.unix, .datagram)
        try sender.setTimeout(.milliseconds(60))
        var count = 0
        var code: SocketError.Code?
        while code == nil {
            code = errorCode { () throws(SocketError) in
                try sender.send([UInt8(truncatingIfNeeded: count)], to: target)
                count += 1
            }
        }
        #expect(code == .timedOut)
        #expect(count > 0)
        try sender.setTimeout(nil)
        let sent = count
        let draining = try Background {
            for _ in 0..<sent { _ = try receiver.socket.receiveFrom() }
            return try receiver.socket.receiveFrom()
        }
        try sender.send([250], to: target)
        let last = try draining.join()
        #expect(last.bytes == [250])
        #expect(last.sender.isUnnamed || last.sender == SocketAddress())
    }

    @Test("A file is sent from an offset, to its end, and through a socket that takes little at a time")
    func file() throws {
        let directory = try TemporaryDirectory()
        let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
        let path = try directory.write("f", content)
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        let pair = try Socket.pair()
        try pair.first.setOption(.sendBufferSize, 4096)
        let box = SocketBox(pair.first)
        let sending = try Background {
            let socket = try box.take()
            let whole = try socket.sendFile(file)
            let part = try socket.sendFile(file, offset: 299_990, count: 100)
            let none = try socket.sendFile(file, offset: 10, count: 0)
            return [whole, part, none]
        }
        var received: [UInt8] = []
        while true {
            let chunk = try pair.second.receive(atMost: 65_536)
            if chunk.isEmpty { break }
            received += chunk
        }
        #expect(try sending.join() == [300_000, 10, 0])
        #expect(received == content + content.suffix(10))
        #expect(lseek(file, 0, SEEK_CUR) == 0)
    }

    @Test("What cannot be sent as a file is a typed error")
    func badFile() throws {
        let pair = try Socket.pair()
        #expect(#expect(throws: SocketError.self) { try pair.first.sendFile(-1) }?.code == .badDescriptor)
        #expect(#expect(throws: SocketError.self) { try pair.first.sendFile(0, offset: -1) }?.code == .invalidArgument)
        #expect(#expect(throws: SocketError.self) { try pair.first.sendFile(0, count: -1) }?.code == .invalidArgument)
    }

    @Test("Two threads use one socket in both directions, and shutdown wakes the one that waits")
    func twoThreads() throws {
        let pair = try Socket.pair()
        let shared = SharedSocket(pair.first)
        let reading = try Background { try shared.socket.receive(atMost: 10) }
        try shared.socket.sendAll("out")
        #expect(try pair.second.receive(atMost: 10) == Array("out".utf8))
        try shared.socket.shutdown(.both)
        #expect(try reading.join() == [])
    }
}
