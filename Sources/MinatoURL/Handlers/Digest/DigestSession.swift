/// A nonce of a server's in use: what an Authorization field of Digest is made from (RFC 7616 section 3.4).
struct DigestSession: Sendable {
    /// The challenge that began it.
    let challenge: DigestChallenge
    let credentials: PasswordManager.Credentials
    /// The nonce of ours, one for all of the session: so both readings of what keys a `-sess` algorithm are the same.
    let clientNonce: String
    /// The nonce of the server's, at first that of the challenge.
    var nonce: String
    /// How many requests have used the nonce, this one included.
    var count: UInt32 = 1

    init(_ challenge: DigestChallenge, _ credentials: PasswordManager.Credentials, clientNonce: String) {
        self.challenge = challenge
        self.credentials = credentials
        self.clientNonce = clientNonce
        nonce = challenge.nonce
    }

    /// The value of the field for a request.
    ///
    /// - Parameters:
    ///   - method: Its method.
    ///   - target: Its target as the first line has it.
    func authorization(method: String, target: String) -> String {
        var parts = [
            "Digest \(user)", "realm=\(quote(challenge.realm))", "nonce=\(quote(nonce))", "uri=\(quote(target))",
            "response=\"\(response(method: method, target: target))\"",
        ]
        if let opaque = challenge.opaque { parts.append("opaque=\(quote(opaque))") }
        if let name = challenge.algorithmName { parts.append("algorithm=\(name)") }
        if challenge.hasQuality { parts += ["qop=auth", "nc=\(countDigits)", "cnonce=\(quote(clientNonce))"] }
        if challenge.hidesUser { parts.append("userhash=true") }
        return parts.joined(separator: ", ")
    }

    /// Sections 3.4.1 to 3.4.3.
    private func response(method: String, target: String) -> String {
        let algorithm = challenge.algorithm
        var key = algorithm.hash(credentials.user, challenge.realm, credentials.password)
        if challenge.isSession { key = algorithm.hash(key, challenge.nonce, clientNonce) }
        let request = algorithm.hash(method, target)
        return challenge.hasQuality
            ? algorithm.hash(key, nonce, countDigits, clientNonce, "auth", request)
            : algorithm.hash(key, nonce, request)
    }

    private var countDigits: String {
        let digits = String(count, radix: 16)
        return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }

    /// The user name in one of its three forms (section 3.4.4).
    private var user: String {
        if challenge.hidesUser {
            return "username=\"\(challenge.algorithm.hash(credentials.user, challenge.realm))\""
        }
        // Servers from before RFC 7616 do not know the extended form, and say nothing of UTF-8: what they are most likely to
        // understand are its bytes.
        if challenge.isUTF8 && !credentials.user.utf8.allSatisfy({ $0 < 0x80 }) {
            return "username*=UTF-8''" + PercentEncoding.encode(credentials.user.utf8) { !Self.isAttribute($0) }
        }
        return "username=\(quote(credentials.user))"
    }

    /// `attr-char` of RFC 5987 section 3.2.1.
    private static func isAttribute(_ byte: UInt8) -> Bool {
        HTTPSyntax.isTokenByte(byte) && !"*'%".utf8.contains(byte)
    }

    /// A quoted text (RFC 9110 section 5.6.4).
    private func quote(_ text: String) -> String {
        var quoted: [UInt8] = []
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { quoted.append(UInt8(ascii: "\\")) }
            quoted.append(byte)
        }
        return "\"" + String(decoding: quoted, as: UTF8.self) + "\""
    }
}

extension DigestSession: CustomReflectable {
    /// Nothing of what could be used: whose it is, and how often it was used.
    var customMirror: Mirror { Mirror(self, children: ["credentials": credentials, "count": count]) }
}
