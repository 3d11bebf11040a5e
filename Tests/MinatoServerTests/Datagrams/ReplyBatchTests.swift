import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("Replies that leave with one system call", .watchdog)
struct ReplyBatchTests {
    /// Replies as they are appended, "A10" for one of ten bytes to A, and the messages that the kernel is given.
    struct Row: Sendable, CustomTestStringConvertible {
        let replies: String
        let messages: String
        var joins = true
        var testDescription: String { replies }
    }

    static let rows = [
        Row(replies: "A10", messages: "A:10"),
        Row(replies: "A10 A10 A10", messages: "A:10+10+10"),
        Row(replies: "A10 A10 A10", messages: "A:10 A:10 A:10", joins: false),
        // A shorter one ends a message, a longer one begins another.
        Row(replies: "A10 A10 A4 A4 A4", messages: "A:10+10+4 A:4+4"),
        Row(replies: "A4 A10 A10", messages: "A:4 A:10+10"),
        // Only those in a row: the order stays.
        Row(replies: "A10 B10 A10 A10", messages: "A:10 B:10 A:10+10"),
        // An empty one is a datagram, too.
        Row(replies: "A0 A0 A10 A0 A10", messages: "A:0 A:0 A:10 A:0 A:10"),
        // From another address of ours.
        Row(replies: "A10 a10 a10 A10", messages: "A:10 a:10+10 A:10"),
        Row(replies: "A1232 A1232 A1", messages: "A:1232+1232+1"),
    ]

    /// A is asked at 127.0.0.1, and a, who is the same, at 127.0.0.2.
    private static func receiver(_ name: Character) -> SocketAddress {
        SocketAddress(ipv4: 127, 0, 0, 9, port: name.lowercased() == "a" ? 1 : 2)
    }

    private static func source(_ name: Character) -> PacketInfo {
        PacketInfo(address: SocketAddress(ipv4: 127, 0, 0, name == "a" ? 2 : 1, port: 0))
    }

    private static func append(
        _ count: Int, _ name: Character, _ receiver: SocketAddress? = nil, to batch: inout ReplyBatch
    ) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        var receiver = (receiver ?? Self.receiver(name)).address
        unsafe bytes.withUnsafeBytes {
            unsafe batch.append(copying: $0.baseAddress, $0.count, to: &receiver, from: source(name))
        }
    }

    private static func describe(_ batch: borrowing ReplyBatch) -> String {
        var messages: [String] = []
        for message in 0..<batch.count {
            let isSecond = batch.source(message) == source("a")
            let name = batch.receiver(message).port == 2 ? "B" : isSecond ? "a" : "A"
            let sizes = (0..<batch.pieces(message)).map { piece in
                let bytes = unsafe [UInt8](batch.bytes(message, piece: piece))
                #expect(bytes == (0..<bytes.count).map { UInt8(truncatingIfNeeded: $0) })
                return "\(bytes.count)"
            }
            messages.append("\(name):\(sizes.joined(separator: "+"))")
        }
        return messages.joined(separator: " ")
    }

    @Test("Those in a row that can be are one message", arguments: rows)
    func joining(row: Row) {
        var batch = ReplyBatch(joins: row.joins, hasSources: true)
        // Twice: the memory is used again.
        for _ in 0..<2 {
            let replies = row.replies.split(separator: " ")
            for reply in replies { Self.append(Int(reply.dropFirst()) ?? -1, reply.first ?? "?", to: &batch) }
            let (count, messages) = (batch.replies, Self.describe(batch))
            #expect(count == replies.count)
            #expect(messages == row.messages)
            batch.removeAll()
        }
    }

    @Test("A batch takes 64 replies, and no message is longer than a datagram can be")
    func limits() {
        var batch = ReplyBatch(joins: true, hasSources: false)
        for number in 0..<64 {
            let isFull = batch.isFull
            #expect(!isFull)
            Self.append(1232, "A", to: &batch)
            let replies = batch.replies
            #expect(replies == number + 1)
        }
        let isFull = batch.isFull
        #expect(isFull)
        // 53 * 1232 is 65,296; one more were 66,528.
        let pieces = (0..<batch.count).map { batch.pieces($0) }
        #expect(pieces == [53, 11])
    }

    @Test("The kernel sends a message as the datagrams that it consists of")
    func sending() throws {
        let sender = try Socket.bound(to: .udp("0.0.0.0", 0))
        var receiver = try Socket.bound(to: .udp("127.0.0.1", 0))
        try receiver.setTimeout(.seconds(20))
        let address = try receiver.localAddress
        var batch = ReplyBatch(joins: true, hasSources: true)
        let sizes = [5, 5, 5, 2, 0, 1232, 1232, 1, 9]
        for (size, name) in zip(sizes, "AAAAAAAaa") { Self.append(size, name, address, to: &batch) }
        let sent = batch.send(sender.descriptor, from: 0)
        #expect(sent == 5)
        for (size, name) in zip(sizes, "AAAAAAAaa") {
            let datagram = try receiver.receiveFrom()
            #expect(datagram.bytes == (0..<size).map { UInt8(truncatingIfNeeded: $0) })
            #expect(datagram.sender.host == (name == "a" ? "127.0.0.2" : "127.0.0.1"))
        }
    }

    @Test("Refusals of pieces make all replies single ones for a while, but not those of a single receiver")
    func refusals() throws {
        let sender = try Socket.bound(to: .udp("0.0.0.0", 0))
        let receiver = try Socket.bound(to: .udp("127.0.0.1", 0)).localAddress
        var batch = ReplyBatch(joins: true, hasSources: true)
        func pieces(_ batch: inout ReplyBatch) -> Int {
            for _ in 0..<2 { Self.append(5, "A", receiver, to: &batch) }
            return batch.pieces(0)
        }
        for _ in 0..<3 {
            for _ in 0..<ReplyBatch.refusalsInARow - 1 { batch.noteRefusal() }
            let (joined, sent) = (pieces(&batch), batch.send(sender.descriptor, from: 0))
            #expect(joined == 2 && sent == 1)
            batch.removeAll()
        }
        for _ in 0..<ReplyBatch.refusalsInARow { batch.noteRefusal() }
        for _ in 0..<ReplyBatch.batchesApart {
            let single = pieces(&batch)
            #expect(single == 1)
            batch.removeAll()
        }
        let again = pieces(&batch)
        #expect(again == 2)
    }
}
