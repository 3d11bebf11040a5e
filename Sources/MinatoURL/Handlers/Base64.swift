/// The base64 of RFC 4648 section 4, one way.
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
}
