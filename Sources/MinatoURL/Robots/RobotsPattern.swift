/// The paths that a rule holds for (RFC 9309 sections 2.2.2 and 2.2.3).
struct RobotsPattern: Hashable, Sendable {
    /// What stands between the asterisks, in the form of ``path(of:)``; a path has them in this order.
    private let pieces: [[UInt8]]
    /// Whether the path ends with the last one.
    private let isAnchored: Bool
    /// How long it is: the longest one that matches counts.
    let length: Int

    /// Reads the value of an Allow or Disallow line, which is not empty.
    init(_ value: ArraySlice<UInt8>) {
        isAnchored = value.last == UInt8(ascii: "$")
        let text = isAnchored ? value.dropLast() : value
        pieces = text.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map { Self.normalized($0) }
        length = pieces.reduce(pieces.count - 1) { $0 + $1.count } + (isAnchored ? 1 : 0)
    }

    /// Path and query of a URL as they are compared.
    static func path(of url: String) -> [UInt8] {
        var bytes = Array(url.utf8.prefix { $0 != UInt8(ascii: "#") })[...]
        if bytes.first != UInt8(ascii: "/") {
            // Scheme and authority go; what has neither is taken for a path without its slash.
            if let slashes = bytes.indices.dropLast().first(where: { bytes[$0] == 0x2F && bytes[$0 + 1] == 0x2F }) {
                bytes = bytes[(slashes + 2)...].drop { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
            }
            if bytes.first != UInt8(ascii: "/") { bytes = [UInt8(ascii: "/")] + bytes }
        }
        return normalized(bytes)
    }

    /// The bytes with triplets of unreserved characters decoded, all others in capitals, and everything encoded that a
    /// pattern can say only so: what is not ASCII, and its own signs.
    private static func normalized(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let triplet = Self.triplet(rest) {
                rest = rest.dropFirst(2)
                append(triplet, isEncoded: true, to: &result)
            } else {
                append(byte, isEncoded: false, to: &result)
            }
        }
        return result
    }

    private static func append(_ byte: UInt8, isEncoded: Bool, to result: inout [UInt8]) {
        let isUnreserved: Bool
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            isUnreserved = true
        default: isUnreserved = "-._~".utf8.contains(byte)
        }
        let mustBeEncoded = byte >= 0x80 || byte <= 0x20 || "*$#".utf8.contains(byte)
        if mustBeEncoded || isEncoded && !isUnreserved {
            result += PercentEncoding.triplet(byte).utf8
        } else {
            result.append(byte)
        }
    }

    /// The byte that two digits stand for.
    private static func triplet(_ digits: ArraySlice<UInt8>) -> UInt8? {
        guard digits.count >= 2 else { return nil }
        return digits.prefix(2).reduce(0 as UInt8?) { value, digit in
            guard let value, let number = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
            return value << 4 | UInt8(number)
        }
    }

    /// Whether a path, in the form of ``path(of:)``, is one of them.
    ///
    /// Each piece is looked for where the one before it ended, and never anywhere else: an earlier place leaves more room for
    /// those that follow. So no pattern takes longer than one pass for each of its pieces.
    func matches(_ path: [UInt8]) -> Bool {
        guard let first = pieces.first, path.starts(with: first) else { return false }
        if pieces.count == 1 { return !isAnchored || path.count == first.count }
        var index = first.count
        for piece in pieces[1..<(pieces.count - 1)] {
            guard let end = Self.end(of: piece, in: path, from: index) else { return false }
            index = end
        }
        let last = pieces[pieces.count - 1]
        if !isAnchored { return Self.end(of: last, in: path, from: index) != nil }
        return path.count - index >= last.count && path.suffix(last.count).elementsEqual(last)
    }

    /// Where the first occurrence of a piece ends.
    private static func end(of piece: [UInt8], in path: [UInt8], from start: Int) -> Int? {
        guard path.count - start >= piece.count else { return nil }
        for index in start...(path.count - piece.count) where path[index...].starts(with: piece) {
            return index + piece.count
        }
        return nil
    }
}
