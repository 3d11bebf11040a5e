/// What a digest has taken since the last whole block.
struct DigestBlock {
    fileprivate(set) var bytes = InlineArray<64, UInt8>(repeating: 0)
    fileprivate var filled = 0
    fileprivate var count: UInt64 = 0
}

/// A hash of a message that is given in pieces. It keeps one block, however long the message is.
///
/// MD5 and SHA-256 both take blocks of 64 bytes, and end the message by a bit, zeros, and its length in bits; what differs is
/// the order of bytes, and how a block is mixed in.
protocol MessageDigest {
    init()

    var block: DigestBlock { get set }
    /// Whether the length and the hash begin with the least significant byte.
    static var isLeastSignificantFirst: Bool { get }
    /// The state, which is the hash in the end.
    var words: [UInt32] { get }
    /// Mixes the block, which is full, into the state.
    mutating func compress()
}

extension MessageDigest {
    /// Takes the next bytes of the message.
    mutating func update(_ bytes: Span<UInt8>) {
        block.count &+= UInt64(bytes.count)
        for index in bytes.indices { append(bytes[index]) }
    }

    /// Ends the message and returns its hash; the value is of no use afterwards.
    mutating func finish() -> [UInt8] {
        let bits = block.count &* 8
        append(0x80)
        while block.filled != 56 { append(0) }
        for byte in Self.bytes(of: bits) { append(byte) }
        return words.flatMap { Self.bytes(of: $0) }
    }

    private mutating func append(_ byte: UInt8) {
        block.bytes[block.filled] = byte
        block.filled += 1
        guard block.filled == 64 else { return }
        compress()
        block.filled = 0
    }

    private static func bytes<Number: FixedWidthInteger>(of number: Number) -> [UInt8] {
        let bytes = stride(from: 0, to: Number.bitWidth, by: 8).map { UInt8(truncatingIfNeeded: number >> Number($0)) }
        return isLeastSignificantFirst ? bytes : bytes.reversed()
    }

    /// The hash of a text's UTF-8, as lower-case hexadecimal digits.
    static func hexadecimal(_ text: String) -> String {
        var digest = Self()
        digest.update(Array(text.utf8).span)
        let digits = Array("0123456789abcdef".utf8)
        let characters = digest.finish().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: characters, as: UTF8.self)
    }
}
