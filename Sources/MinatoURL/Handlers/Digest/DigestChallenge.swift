/// A Digest challenge that can be answered (RFC 7616 section 3.3).
struct DigestChallenge: Hashable, Sendable {
    let realm: String
    let nonce: String
    let algorithm: DigestAlgorithm
    /// Whether the hash is keyed by the first nonces (`-sess`).
    let isSession: Bool
    /// The algorithm as it was written, or nil: then none is named in the answer.
    let algorithmName: String?
    /// Whether the answer counts and has a nonce of ours (`qop=auth`), or is the plain one of RFC 2069.
    let hasQuality: Bool
    /// To be sent back as it is.
    let opaque: String?
    /// Whether the answer before was right, and only its nonce too old.
    let isStale: Bool
    /// Whether the server takes a hash for the user name.
    let hidesUser: Bool
    /// Whether the server says that it takes user names in UTF-8.
    let isUTF8: Bool
    /// The URIs that the answer holds for; empty for all of the server.
    let domain: [String]

    /// Takes a challenge apart.
    ///
    /// - Throws: `badChallenge` when a part is missing, and `unsupportedChallenge` for one that we have no answer to.
    init(_ challenge: Challenge) throws(AuthenticationOffer.Problem) {
        realm = try Self.required("realm", of: challenge)
        nonce = try Self.required("nonce", of: challenge)
        algorithmName = challenge["algorithm"]
        opaque = challenge["opaque"] == nil ? nil : try Self.required("opaque", of: challenge)
        isStale = challenge["stale"]?.lowercased() == "true"
        hidesUser = challenge["userhash"]?.lowercased() == "true"
        isUTF8 = challenge["charset"]?.lowercased() == "utf-8"
        domain = challenge["domain"]?.split { $0 == " " || $0 == "\t" }.map(String.init) ?? []

        guard let (algorithm, isSession) = DigestAlgorithm.parse(algorithmName ?? "MD5") else {
            throw Self.unsupported("the algorithm \((algorithmName ?? "").prefix(32))")
        }
        (self.algorithm, self.isSession) = (algorithm, isSession)
        if let qualities = challenge["qop"].map(HTTPList.elements) {
            // auth-int would need the hash of the body, which no server that is known asks for alone.
            guard qualities.contains(where: { $0.lowercased() == "auth" }) else {
                throw Self.unsupported("no qop but \(qualities.joined(separator: ", ").prefix(32))")
            }
        } else if isSession {
            throw Self.unsupported("a session key without qop")
        }
        hasQuality = challenge["qop"] != nil
    }

    private static func required(
        _ name: String, of challenge: Challenge
    ) throws(AuthenticationOffer.Problem) -> String {
        guard let value = challenge[name] else { throw malformed("no \(name)") }
        guard isUTF8(value) else { throw malformed("\(name) is not UTF-8") }
        // It is sent back.
        guard HTTPSyntax.isFieldValue(value) else { throw malformed("a control in \(name)") }
        return value
    }

    /// Whether a text can be sent back as the server wrote it.
    static func canBeSentBack(_ value: String) -> Bool { isUTF8(value) && HTTPSyntax.isFieldValue(value) }

    /// Hashes are of bytes. A text that was mended while it was read has others than the server's.
    private static func isUTF8(_ value: String) -> Bool { !value.unicodeScalars.contains("\u{FFFD}") }

    private static func malformed(_ detail: String) -> AuthenticationOffer.Problem {
        AuthenticationOffer.Problem(code: .badChallenge, detail: "a Digest challenge is malformed: \(detail)")
    }

    private static func unsupported(_ detail: String) -> AuthenticationOffer.Problem {
        AuthenticationOffer.Problem(
            code: .unsupportedChallenge, detail: "a Digest challenge asks for what is not supported: \(detail)")
    }
}
