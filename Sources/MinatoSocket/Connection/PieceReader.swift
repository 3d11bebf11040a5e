internal import CMinato

/// Receives pieces into arrays of the right size; the memory of a small one is used again when nobody has kept it.
@usableFromInline
struct PieceReader {
    /// A piece of more bytes is received into an array of its own, which an idle connection does not keep. A smaller one comes
    /// through the loop's memory, so that one call gets all there is, and its array is kept: getting it anew for each piece
    /// costs a tenth of an echo's processor time.
    private static let small = 2048

    /// The piece that was given out last.
    private(set) var last: [UInt8] = []
    /// How much came last, or more when that was cut off. Small, as this lies in the memory of an idle task.
    private var expected: Int32 = 0
    /// The last piece has filled its memory: there may be more.
    private(set) var isFull = false

    @usableFromInline init() {}

    /// A connection that waits holds little memory.
    @inline(__always)
    mutating func beginWait(_ channel: Channel) {
        if expected > Self.small { giveBack(channel) }
    }

    /// Lets the last piece go, if there is one, whose memory the loop has for the next one of any connection.
    @inline(never)
    private mutating func giveBack(_ channel: Channel) {
        if last.isEmpty { return }
        if channel.isOnLoop { unsafe channel.core._withUnsafeGuaranteedRef { $0.spare.keep(last) } }
        last = []
    }

    /// One receive, which `last` holds afterwards if there is anything.
    ///
    /// - Parameter isOnLoop: whether this is the loop's thread, if the caller knows that it is.
    @inline(__always)
    mutating func receive(
        _ channel: Channel, _ descriptor: Int32, atMost most: Int, isOnLoop: Bool = false
    ) -> Int64 {
        if expected > Self.small { return receiveInPlace(channel, descriptor, min(most, 2 &* Int(expected))) }
        return unsafe channel.receive(descriptor, atMost: most, isOnLoop: isOnLoop) { unsafe keep($0, of: most) }
    }

    @inline(__always)
    private mutating func keep(_ bytes: UnsafeRawBufferPointer, of most: Int) {
        // When somebody has kept the last piece, either gets new memory.
        if last.count == bytes.count {
            unsafe last.withUnsafeMutableBytes { unsafe $0.copyMemory(from: bytes) }
        } else {
            // Whoever keeps a few bytes shall not keep much memory with them.
            last.removeAll(
                keepingCapacity: bytes.count <= Self.small && last.capacity <= max(4 &* bytes.count, 512))
            unsafe last.append(contentsOf: bytes)
        }
        note(bytes.count, of: most)
    }

    @inline(never)
    private mutating func receiveInPlace(_ channel: Channel, _ descriptor: Int32, _ size: Int) -> Int64 {
        giveBack(channel)
        var piece =
            channel.isOnLoop ? unsafe channel.core._withUnsafeGuaranteedRef { $0.spare.take(size) } : []
        var result: Int64 = 0
        piece.append(addingCapacity: size) { output in
            unsafe output.withUnsafeMutableBufferPointer { (memory, count) in
                guard let base = memory.baseAddress else { return }
                result = unsafe minato_socket_receive_once(descriptor, base, size)
                count = max(Int(result), 0)
            }
        }
        if piece.isEmpty { return result }
        // A piece that is kept shall not hold much more memory than its bytes need.
        last = piece.capacity <= 4 * piece.count ? piece : unsafe piece.withUnsafeBytes { unsafe [UInt8]($0) }
        note(piece.count, of: size)
        return result
    }

    @inline(__always)
    private mutating func note(_ count: Int, of size: Int) {
        isFull = count == size
        expected = Int32(isFull ? min(2 &* size, LoopCore.scratchSize) : count)
    }
}
