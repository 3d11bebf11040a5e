/// A hash of a message that is given in pieces. It keeps one block, however long the message is.
protocol MessageDigest {
    init()

    /// Takes the next bytes of the message.
    mutating func update(_ bytes: Span<UInt8>)

    /// Ends the message and returns its hash; the value is of no use afterwards.
    mutating func finish() -> [UInt8]
}

extension MessageDigest {
    /// The hash of a text's UTF-8, as lower-case hexadecimal digits.
    static func hexadecimal(_ text: String) -> String {
        var digest = Self()
        digest.update(Array(text.utf8).span)
        let digits = Array("0123456789abcdef".utf8)
        let characters = digest.finish().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: characters, as: UTF8.self)
    }
}
