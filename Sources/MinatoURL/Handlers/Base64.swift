/// The base64 of RFC 4648 section 4.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The bytes as base64, padded.
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var result: [UInt8] = []
        var group: UInt32 = 0
        var count = 0
        func flush(_ characters: Int) {
            for index in 0..<4 {
                let digit = Int(group >> UInt32(18 - 6 * index)) & 63
                result.append(index < characters ? alphabet[digit] : UInt8(ascii: "="))
            }
        }
        for byte in bytes {
            group |= UInt32(byte) << UInt32(16 - 8 * count)
            count += 1
            guard count == 3 else { continue }
            flush(4)
            (group, count) = (0, 0)
        }
        if count > 0 { flush(count + 1) }
        return String(decoding: result, as: UTF8.self)
    }

    /// The bytes that a text stands for, or nil when it is not base64.
    ///
    /// Whitespace is skipped, and padding may be missing. Bits of the last digit that no byte needs are not looked at.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        var group: UInt32 = 0
        var (count, padding) = (0, 0)
        for byte in text {
            switch byte {
            case 0x09, 0x0A, 0x0C, 0x0D, 0x20: continue
            case UInt8(ascii: "="): padding += 1
            default:
                guard padding == 0, let digit = digit(byte) else { return nil }
                group = group << 6 | digit
                count += 1
                guard count == 4 else { continue }
                for shift: UInt32 in [16, 8, 0] { result.append(UInt8(truncatingIfNeeded: group >> shift)) }
                (group, count) = (0, 0)
            }
        }
        // Two digits that are left stand for a byte, three for two, and one for nothing.
        guard count != 1, padding == 0 || count > 0 && count + padding == 4 else { return nil }
        if count > 1 { result.append(UInt8(truncatingIfNeeded: group >> (count == 2 ? 4 : 10))) }
        if count > 2 { result.append(UInt8(truncatingIfNeeded: group >> 2)) }
        return result
    }

    private static func digit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte) - 97 + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) - 48 + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
