import TestSupport
import Testing

@testable import MinatoURL

/// The fields that a session makes, from one challenge to one text.
@Suite(.watchdog) struct DigestSessionTests {
    private static func session(
        _ challenge: String, user: String = "Mufasa", password: String = "Circle of Life", clientNonce: String = "c"
    ) throws -> DigestSession {
        let parsed = try #require(Challenge.parse(Array(("Digest " + challenge).utf8)).first)
        return DigestSession(
            try DigestChallenge(parsed), PasswordManager.Credentials(user: user, password: password),
            clientNonce: clientNonce)
    }

    @Test func vectors() throws {
        let keys = "algorithm user password realm method uri nonce nc cnonce qop response"
        let rows = try Authentication.vectors("digest.json", "row[key] for key in '\(keys)'.split()")
        #expect(rows.count == 3)
        for row in rows {
            let session = try Self.session(
                #"realm="\#(row[3])", nonce="\#(row[6])", qop="auth, auth-int", algorithm=\#(row[0])"#, user: row[1],
                password: row[2], clientNonce: row[8])
            let parts = Authentication.parameters(session.authorization(method: row[4], target: row[5]))
            #expect(parts["response"] == row[10] && parts["nc"] == row[7] && parts["qop"] == row[9])
        }
    }

    /// The whole field, with what is quoted and what is not (RFC 7616 section 3.4).
    @Test(arguments: [
        (
            #"realm="R", nonce="n""#,
            #"Digest username="Mufasa", realm="R", nonce="n", uri="/a", response="*""#
        ),
        (
            #"realm="R", nonce="n", algorithm=md5, opaque="""#,
            #"Digest username="Mufasa", realm="R", nonce="n", uri="/a", response="*", opaque="", algorithm=md5"#
        ),
        (
            #"realm='R', nonce=n, opaque=o, qop=auth, algorithm="SHA-256-sess""#,
            #"Digest username="Mufasa", realm="R", nonce="n", uri="/a", response="*", opaque="o", "#
                + #"algorithm=SHA-256-sess, qop=auth, nc=00000001, cnonce="c""#
        ),
        (
            #"realm="a\"b\\c", nonce="n\"", opaque="\o", qop="auth-int,auth", userhash=TRUE, charset=utf-8"#,
            #"Digest username="\#(MD5.hexadecimal("Mufasa:a\"b\\c"))", realm="a\"b\\c", nonce="n\"", uri="/a", "#
                + #"response="*", opaque="o", qop=auth, nc=00000001, cnonce="c", userhash=true"#
        ),
    ])
    func writes(_ challenge: String, _ field: String) throws {
        let text = try Self.session(challenge).authorization(method: "GET", target: "/a")
        let response = try #require(Authentication.parameters(text)["response"])
        #expect(text == field.replacing("*", with: response))
    }

    /// The user name: quoted, by RFC 5987 where the server says UTF-8, or hashed.
    @Test(arguments: [
        (#"a"b\c"#, "charset=UTF-8", #"username="a\"b\\c""#),
        ("J\u{e4}s\u{f8}n Doe", "charset=UTF-8", "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe"),
        ("J\u{e4}s\u{f8}n Doe", "qop=auth", "username=\"J\u{e4}s\u{f8}n Doe\""),
        ("\u{e4}'%*", "charset=utf-8", "username*=UTF-8''%C3%A4%27%25%2A"),
        (
            "J\u{e4}s\u{f8}n Doe", "charset=UTF-8, userhash=true, algorithm=SHA-256",
            "username=\"\(SHA256.hexadecimal("J\u{e4}s\u{f8}n Doe:R"))\""
        ),
        ("", "qop=auth", #"username="""#),
    ])
    func writesTheUserName(_ user: String, _ parameters: String, _ written: String) throws {
        let session = try Self.session("realm=R, nonce=n, " + parameters, user: user)
        let text = session.authorization(method: "GET", target: "/")
        #expect(text.hasPrefix("Digest \(written), realm=\"R\""))
        // Whichever form, the hash is of the name itself.
        let parts = Authentication.parameters(text)
        let algorithm = session.challenge.algorithm
        let key = algorithm.hash(user, "R", "Circle of Life")
        let request = algorithm.hash("GET", "/")
        let expected =
            parts["qop"] == nil
            ? algorithm.hash(key, "n", request) : algorithm.hash(key, "n", "00000001", "c", "auth", request)
        #expect(parts["response"] == expected)
    }

    /// The key of a session is made from its first nonces, whatever the server calls the next one.
    @Test func keepsItsKey() throws {
        var session = try Self.session("realm=R, nonce=first, qop=auth, algorithm=MD5-sess")
        (session.nonce, session.count) = ("second", 0xABC)
        let parts = Authentication.parameters(session.authorization(method: "PUT", target: "*"))
        let key = MD5.hexadecimal(MD5.hexadecimal("Mufasa:R:Circle of Life") + ":first:c")
        let expected = MD5.hexadecimal("\(key):second:00000abc:c:auth:" + MD5.hexadecimal("PUT:*"))
        #expect(parts["response"] == expected && parts["nc"] == "00000abc" && parts["nonce"] == "second")
    }

    /// What cannot be answered, and why.
    @Test(arguments: [
        ("nonce=n", "badChallenge", "malformed: no realm"), ("realm=R", "badChallenge", "malformed: no nonce"),
        ("realm=R, nonce=n, algorithm=SHA-512-256", "unsupportedChallenge", "the algorithm SHA-512-256"),
        ("realm=R, nonce=n, algorithm=SHA", "unsupportedChallenge", "the algorithm SHA"),
        ("realm=R, nonce=n, algorithm=MD5-sess", "unsupportedChallenge", "a session key without qop"),
        (#"realm=R, nonce=n, qop="auth-int""#, "unsupportedChallenge", "no qop but auth-int"),
        (#"realm=R, nonce=n, qop="""#, "unsupportedChallenge", "no qop but "),
        ("realm=\u{FFFD}, nonce=n", "badChallenge", "malformed: realm is not UTF-8"),
        ("realm=R, nonce=\u{85}", "badChallenge", "malformed: a control in nonce"),
        ("realm=R, nonce=n, opaque=\u{FFFD}", "badChallenge", "malformed: opaque is not UTF-8"),
    ])
    func refuses(_ challenge: String, _ code: String, _ detail: String) throws {
        let parsed = try #require(Challenge.parse(Array(("Digest " + challenge).utf8)).first)
        let problem = #expect(throws: AuthenticationOffer.Problem.self) { try DigestChallenge(parsed) }
        #expect(problem?.code.rawValue == code && problem?.detail.hasSuffix(detail) == true)
    }

    @Test func hidesWhatCouldBeUsed() throws {
        let session = try Self.session("realm=R, nonce=nonce-canary", password: "canary", clientNonce: "nonce-canary")
        var text = "\(session)" + String(reflecting: session)
        dump(session, to: &text)
        #expect(text.contains("Mufasa") && !text.contains("canary"))
    }
}
