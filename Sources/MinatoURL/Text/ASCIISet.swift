/// A set of ASCII characters, as the grammar of RFC 3986 names them.
struct ASCIISet: Sendable {
    private var words: (low: UInt64, high: UInt64) = (0, 0)

    /// The ASCII characters of a text; others are ignored.
    init(_ characters: String) {
        for byte in characters.utf8 {
            let bit: UInt64 = 1 << UInt64(byte & 63)
            if byte < 64 { words.low |= bit } else if byte < 128 { words.high |= bit }
        }
    }

    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 64 ? words.low : byte < 128 ? words.high : 0
        return (word >> UInt64(byte & 63)) & 1 == 1
    }

    func union(_ other: ASCIISet) -> ASCIISet {
        var result = self
        result.words.low |= other.words.low
        result.words.high |= other.words.high
        return result
    }

    static let digits = ASCIISet("0123456789")
    static let letters = ASCIISet("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    /// Section 2.3: what no encoding ever changes.
    static let unreserved = letters.union(digits).union(ASCIISet("-._~"))
    /// Section 2.2.
    static let subDelimiters = ASCIISet("!$&'()*+,;=")
    /// Section 3.1: what may follow the first letter of a scheme.
    static let scheme = letters.union(digits).union(ASCIISet("+-."))
}
