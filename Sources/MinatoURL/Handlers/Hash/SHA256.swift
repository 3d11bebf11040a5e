/// SHA-256 (FIPS 180-4), for Digest authentication.
struct SHA256: MessageDigest {
    private var state: InlineArray<8, UInt32> = [
        0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
    ]
    var block = DigestBlock()

    static var isLeastSignificantFirst: Bool { false }
    var words: [UInt32] { state.indices.map { state[$0] } }

    /// Section 6.2.2.
    mutating func compress() {
        var schedule = InlineArray<64, UInt32>(repeating: 0)
        for index in 0..<16 {
            for offset in 0..<4 { schedule[index] = schedule[index] << 8 | UInt32(block.bytes[4 * index + offset]) }
        }
        for index in 16..<64 {
            let (near, far) = (schedule[index - 2], schedule[index - 15])
            let nearMix = rotate(near, 17) ^ rotate(near, 19) ^ (near >> 10)
            let farMix = rotate(far, 7) ^ rotate(far, 18) ^ (far >> 3)
            schedule[index] = nearMix &+ schedule[index - 7] &+ farMix &+ schedule[index - 16]
        }

        var work = state
        for step in 0..<64 {
            let (a, b, c, e) = (work[0], work[1], work[2], work[4])
            let choice = (e & work[5]) ^ (~e & work[6])
            let majority = (a & b) ^ (a & c) ^ (b & c)
            let first =
                work[7] &+ (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) &+ choice &+ Self.roots[step]
                &+ schedule[step]
            let second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ majority
            for index in stride(from: 7, to: 0, by: -1) { work[index] = work[index - 1] }
            work[4] &+= first
            work[0] = first &+ second
        }
        for index in state.indices { state[index] &+= work[index] }
    }

    private func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
        (word >> count) | (word << (32 - count))
    }

    /// The first 32 bits of the fractions of the cube roots of the first 64 primes.
    private static let roots: InlineArray<64, UInt32> = [
        0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4, 0xAB1C_5ED5,
        0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE, 0x9BDC_06A7, 0xC19B_F174,
        0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F, 0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA,
        0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7, 0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967,
        0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC, 0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85,
        0xA2BF_E8A1, 0xA81A_664B, 0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070,
        0x19A4_C116, 0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
        0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7, 0xC671_78F2,
    ]
}
