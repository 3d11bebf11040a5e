/// The percent-encoding of RFC 3986 section 2.1, with Python's words for it.
///
/// ```swift
/// let path = "/files/" + PercentEncoding.quote(name, safe: "")
/// let name = PercentEncoding.unquote("caf%C3%A9")  // "café"
/// ```
///
/// Text is encoded as UTF-8. For another encoding there are the forms for bytes: ``quote(bytes:safe:)`` and
/// ``unquoteToBytes(_:)``. All functions take time in proportion to the length of the text, block nothing, and may be
/// called from any thread.
///
/// The words stand behind a type and not alone, since `quote` and `unquote` mean other things to a program that also writes
/// SQL or calls a shell.
///
/// Python: `urllib.parse`.
public enum PercentEncoding {
    /// `%2F` for a slash.
    static func triplet(_ byte: UInt8) -> String {
        encode(CollectionOfOne(byte)) { _ in true }
    }

    /// The text with every byte that `mustEncode` names replaced by its triplet.
    static func encode(_ bytes: some Sequence<UInt8>, where mustEncode: (UInt8) -> Bool) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.underestimatedCount)
        for byte in bytes {
            if mustEncode(byte) { appendTriplet(byte, to: &result) } else { result.append(byte) }
        }
        return String(decoding: result, as: UTF8.self)
    }

    static func appendTriplet(_ byte: UInt8, to result: inout [UInt8]) {
        result.append(UInt8(ascii: "%"))
        result.append(digit(byte >> 4))
        result.append(digit(byte & 15))
    }

    /// Undoes the encoding of unreserved characters (RFC 3986 section 6.2.2.2): `%2e` is a dot, `%2F` stays what it is.
    ///
    /// Two texts that differ only there name the same thing, so a comparison has to see them alike.
    static func decodeUnreserved(_ text: String) -> String {
        let bytes = decode(text.utf8) { ASCIISet.unreserved.contains($0) }.bytes
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The bytes with the triplets decoded that `isDecoded` names, and whether every percent sign began a triplet.
    static func decode(
        _ encoded: some Sequence<UInt8>, where isDecoded: (UInt8) -> Bool
    ) -> (bytes: [UInt8], isWellFormed: Bool) {
        let encoded = Array(encoded)
        var result: [UInt8] = []
        result.reserveCapacity(encoded.count)
        var isWellFormed = true
        var index = 0
        while index < encoded.count {
            let byte = encoded[index]
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                index += 1
                continue
            }
            if index + 2 < encoded.count, let high = hexValue(encoded[index + 1]),
                let low = hexValue(encoded[index + 2])
            {
                if isDecoded(high << 4 | low) {
                    result.append(high << 4 | low)
                } else {
                    result += encoded[index...index + 2]
                }
                index += 3
            } else {
                // What comes after it is looked at by itself: it may begin a triplet.
                isWellFormed = false
                result.append(byte)
                index += 1
            }
        }
        return (result, isWellFormed)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
