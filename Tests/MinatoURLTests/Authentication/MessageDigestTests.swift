import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct MessageDigestTests {
    /// RFC 1321 appendix A.5.
    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"), ("a", "0cc175b9c0f1b6a831c399e269772661"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"), ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"),
        (String(repeating: "1234567890", count: 8), "57edf4a22be3c955ac49da2e2107b67a"),
    ])
    func md5(_ message: String, _ digest: String) {
        #expect(MD5.hexadecimal(message) == digest)
    }

    /// The examples to FIPS 180-4: no block, one, two, and a message longer than 56 bytes of its last block.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
                + "nopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func sha256(_ message: String, _ digest: String) {
        #expect(SHA256.hexadecimal(message) == digest)
    }

    /// A million letters, in pieces that no block length divides.
    @Test func aMillionLetters() {
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 1000)
        var (md5, sha256) = (MD5(), SHA256())
        for _ in 0..<1000 {
            md5.update(piece.span)
            sha256.update(piece.span)
        }
        #expect(hexadecimal(md5.finish()) == "7707d6ae4e027c70eea2a935c2296f21")
        #expect(
            hexadecimal(sha256.finish()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    /// Every length around the border of a block, whole and cut in two, against Python's hashlib.
    @Test func agreesWithPython() throws {
        let program = """
            import hashlib
            for count in range(200):
                message = bytes(7 * index % 256 for index in range(count))
                print(hashlib.md5(message).hexdigest(), hashlib.sha256(message).hexdigest())
            """
        let python = try ChildProcess.python(program)
        for count in 0..<200 {
            let message = (0..<count).map { UInt8(truncatingIfNeeded: 7 * $0) }
            var (md5, sha256) = (MD5(), SHA256())
            for part in [message[..<(count / 3)], message[(count / 3)...]] {
                md5.update(Array(part).span)
                sha256.update(Array(part).span)
            }
            #expect(python.readLine() == "\(hexadecimal(md5.finish())) \(hexadecimal(sha256.finish()))")
        }
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
