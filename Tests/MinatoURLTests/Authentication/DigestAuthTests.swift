import TestSupport
import Testing

@testable import MinatoURL

/// When Digest is answered, with what, and when not.
@Suite(.watchdog) struct DigestAuthTests {
    private typealias Reply = ScriptedTransport.Reply

    /// Replies with the challenges at the places named, and with 200 at all others.
    private static func transport(_ challenges: [Int: [String]]) -> ScriptedTransport {
        ScriptedTransport { _, index in
            challenges[index].map { Reply(status: 401, fields: $0.map { ("WWW-Authenticate", $0) }, body: "no") }
                ?? Reply(status: 200)
        }
    }

    private static func opener(_ transport: ScriptedTransport, _ uri: String = "http://h/", realm: String? = "R")
        -> URLOpener
    {
        let passwords = Authentication.passwords(uri, realm: realm)
        return URLOpener([DigestAuthHandler(passwords), BasicAuthHandler(passwords)], transport: transport)
    }

    /// What each request said: `-`, `Basic`, or of Digest `nonce/nc`.
    private static func sent(_ transport: ScriptedTransport, _ name: String = "Authorization") -> [String] {
        transport.requests.map { request in
            guard let field = request.field(name) else { return "-" }
            guard field.hasPrefix("Digest ") else { return field.hasPrefix("Basic ") ? "Basic" : field }
            let parts = Authentication.parameters(field)
            return (parts["nonce"] ?? "?") + "/" + (parts["nc"].map { String($0.drop { $0 == "0" }) } ?? "")
        }
    }

    /// Which of the challenges is answered: scheme and parameters of the answer, `-` for none.
    @Test(arguments: [
        ([#"Digest realm="R", nonce="n", qop="auth""#], "n"),
        ([#"Basic realm="R", Digest realm="R", nonce="n""#], "n"),
        ([#"Basic realm="R""#, #"Digest realm="R", nonce="n""#], "n"),
        (["Digest realm=R, nonce=m", "Digest realm=R, nonce=s, algorithm=SHA-256, qop=auth"], "s"),
        (["Digest realm=R, nonce=m, Digest realm=R, nonce=s, algorithm=sha-256-SESS, qop=auth, Basic realm=R"], "s"),
        (["Digest realm=R, nonce=1, algorithm=MD5", "Digest realm=R, nonce=2, algorithm=MD5-sess, qop=auth"], "1"),
        (["Digest realm=S, nonce=s, algorithm=SHA-256", "Digest realm=R, nonce=m"], "m"),
        (["Digest realm=R, nonce=x, algorithm=SHA-512-256, qop=auth", "Digest realm=R, nonce=m"], "m"),
        (["Digest realm=R, nonce=x, qop=\"auth-int\"", "Digest realm=R, nonce=m, qop=\"auth-int,AUTH\""], "m"),
        (["Digest realm=\"R", "Digest realm='R', nonce=m"], "m"), (["Negotiate", "Digest realm=R, nonce=m"], "m"),
        (["Digest realm=S, nonce=s, Basic realm=R"], "Basic"), (["Digest realm=R, Basic realm=R"], "Basic"),
        (["Digest realm=R, nonce=x, qop=\"auth-int\", Basic realm=R"], "Basic"),
        (["Digest realm=S, nonce=s"], "-"), (["Digest realm=r, nonce=s", "Basic realm=S"], "-"), (["Bearer"], "-"),
        ([], "-"),
    ])
    func chooses(_ challenges: [String], _ answer: String) throws {
        let transport = Self.transport([0: challenges])
        let status = Result { try Self.opener(transport).openBlocking("http://h/a") }
        let sent = Self.sent(transport).map { $0.split(separator: "/").first.map(String.init) ?? "" }
        if answer == "-" {
            guard case .failure(let error as OpenError) = status else { throw OpenError(.closed, url: "", detail: "") }
            #expect(error.code == .httpStatus && error.blockingResponse?.status == 401 && sent == ["-"])
        } else {
            #expect(try status.get().status == 200 && sent == ["-", answer])
        }
    }

    /// Nothing is answered at another place than the one that the password is for.
    @Test(arguments: ["https://h/", "http://h:81/", "http://i/", "http://h/b", "h"])
    func sendsNothingElsewhere(_ uri: String) {
        let transport = Self.transport([0: ["Digest realm=R, nonce=n", "Basic realm=R"]])
        let error = #expect(throws: OpenError.self) { try Self.opener(transport, uri).openBlocking("http://h/a") }
        #expect(error?.code == .httpStatus && Self.sent(transport) == ["-"])
    }

    /// What follows an answer that was not enough: requests, and the code of the error or `-`.
    @Test(arguments: [
        // Refused: neither again, nor in another form.
        (["Digest realm=R, nonce=2, qop=auth"], "-, 1/1", "httpStatus"),
        (["Basic realm=R"], "-, 1/1", "httpStatus"),
        (["Digest realm=R, nonce=2, qop=auth, algorithm=SHA-256", "Basic realm=R"], "-, 1/1", "httpStatus"),
        (["Digest realm=R, nonce=2, qop=auth, stale=false"], "-, 1/1", "httpStatus"),
        (["Digest realm=\""], "-, 1/1", "badChallenge"),
        // Too old: once more, whichever other challenge is there.
        (["Digest realm=R, nonce=2, qop=auth, stale=true"], "-, 1/1, 2/1", "-"),
        (["Basic realm=R, Digest realm=R, nonce=2, qop=auth, stale=TRUE"], "-, 1/1, 2/1", "-"),
        (["Digest realm=R, nonce=2, stale='true'"], "-, 1/1, 2/", "-"),
        // The very nonce that is said to be too old.
        (["Digest realm=R, nonce=1, qop=auth, stale=true"], "-, 1/1", "httpStatus"),
    ])
    func endsAfterAnAnswer(_ second: [String], _ requests: String, _ code: String) throws {
        let transport = Self.transport([0: ["Digest realm=R, nonce=1, qop=auth"], 1: second])
        let result = Result { try Self.opener(transport).openBlocking("http://h/a") }
        #expect(Self.sent(transport).joined(separator: ", ") == requests)
        switch result {
        case .success(let response): #expect(code == "-" && response.status == 200)
        case .failure(let error):
            #expect((error as? OpenError)?.code.rawValue == code)
            #expect(try (error as? OpenError)?.blockingResponse?.body.collect(upTo: 9) == Array("no".utf8))
        }
    }

    @Test func aNonceIsStaleOnlyOnce() {
        let transport = ScriptedTransport { _, index in
            Reply(status: 401, fields: [("WWW-Authenticate", "Digest realm=R, nonce=n\(index), qop=auth, stale=true")])
        }
        let error = #expect(throws: OpenError.self) { try Self.opener(transport).openBlocking("http://h/") }
        #expect(error?.code == .httpStatus && Self.sent(transport) == ["-", "n0/1", "n1/1"])
    }

    @Test func otherCredentialsAreTried() throws {
        let passwords = Authentication.passwords("http://h/", realm: "A", user: "a")
        passwords.add(realm: "B", uri: "http://h/", user: "b", password: "2")
        let transport = Self.transport([0: ["Digest realm=A, nonce=1"], 1: ["Digest realm=B, nonce=2"]])
        let opener = URLOpener([DigestAuthHandler(passwords)], transport: transport)
        #expect(try opener.openBlocking("http://h/").status == 200)
        let users = transport.requests.map { Authentication.parameters($0.field("Authorization"))["username"] }
        #expect(users == [nil, "a", "b"])
    }

    /// What is passed over is an error of its own when there is nothing else, and a password for it.
    @Test(arguments: [
        (
            ["Digest realm=R, nonce=n, qop=\"auth-int\""], "unsupportedChallenge",
            "a Digest challenge asks for what is not supported: no qop but auth-int"
        ),
        (
            ["Digest realm=R, nonce=n, algorithm=SHA-512", "Digest"], "unsupportedChallenge",
            "a Digest challenge asks for what is not supported: the algorithm SHA-512"
        ),
        (
            ["Digest realm=\"R, nonce=n"], "badChallenge",
            "a Digest challenge is malformed: a quoted text without end in the parameter realm"
        ),
        (["Digest nonce=n", "Negotiate"], "badChallenge", "a Digest challenge is malformed: no realm"),
    ])
    func unansweredChallengeIsAnError(_ challenges: [String], _ code: String, _ detail: String) throws {
        let transport = Self.transport([0: challenges])
        let error = #expect(throws: OpenError.self) { try Self.opener(transport).openBlocking("http://h/a") }
        #expect(error?.description == "handle http://h/a: \(detail) (\(code))")
        #expect(error?.blockingResponse?.status == 401 && Self.sent(transport) == ["-"])
        // Who has no password for the place has no use for the reason.
        let plain = #expect(throws: OpenError.self) {
            try Self.opener(Self.transport([0: challenges])).openBlocking("http://i/a")
        }
        #expect(plain?.code == .httpStatus)
    }

    @Test func credentialsOfTheURL() throws {
        let challenge = "Digest realm=any, nonce=n, qop=auth, Basic realm=any"
        let transport = Self.transport([0: [challenge]])
        let opener = URLOpener([], transport: transport)
        #expect(try opener.openBlocking("http://k%6Cem:p%22w%3A@h/a?b").url == "http://h/a?b")
        // The nonce is used again for those who have the same credentials, and for nobody else.
        for url in ["http://klem:p%22w:@h/c", "http://h/c", "http://klem:other@h/c"] {
            _ = try opener.openBlocking(url)
        }
        #expect(Self.sent(transport) == ["-", "n/1", "n/2", "-", "-"])
        let parts = Authentication.parameters(transport.requests[1].field("Authorization"))
        let key = MD5.hexadecimal("klem:any:p\"w:")
        let request = MD5.hexadecimal("GET:/a?b")
        #expect(parts["response"] == MD5.hexadecimal("\(key):n:00000001:\(parts["cnonce"] ?? ""):auth:\(request)"))
    }

    @Test func credentialsOfTheURLStayAtItsOrigin() {
        let transport = ScriptedTransport { _, index in
            index == 0
                ? Reply(status: 302, fields: [("Location", "http://evil:p@h:81/")])
                : Reply(status: 401, fields: [("WWW-Authenticate", "Digest realm=R, nonce=n")])
        }
        #expect(throws: OpenError.self) { try URLOpener([], transport: transport).openBlocking("http://a:b@h/") }
        #expect(Self.sent(transport) == ["-", "-"])
    }

    @Test(arguments: [("a:b", "p"), ("a", "p\nq"), ("a\u{7F}", "p")])
    func refusesWhatCannotBeSent(_ user: String, _ password: String) {
        let transport = Self.transport([0: ["Digest realm=R, nonce=n"]])
        let handler = DigestAuthHandler(Authentication.passwords("http://h/", user: user, password: password))
        let error = #expect(throws: OpenError.self) {
            try URLOpener([handler], transport: transport).openBlocking("http://h/")
        }
        #expect(error?.code == .badCredentials && Self.sent(transport) == ["-"])
    }

    /// A field of the program's own stays until it is refused.
    @Test func replacesARefusedFieldOfTheProgram() throws {
        var request = try URLOpener.Request("http://h/")
        try request.setField("Authorization", "Bearer stale")
        let transport = Self.transport([0: ["Digest realm=R, nonce=n, qop=auth"]])
        let opener = Self.opener(transport)
        #expect(try opener.openBlocking(request).status == 200)
        #expect(try opener.openBlocking(request).status == 200)
        #expect(Self.sent(transport) == ["Bearer stale", "n/1", "Bearer stale"])
    }

    @Test func bodyAndMethodGoAlong() throws {
        let transport = Self.transport([0: ["Digest realm=R, nonce=n"]])
        let request = try URLOpener.Request("http://h/a", method: "PUT", body: [7])
        #expect(try Self.opener(transport).openBlocking(request).status == 200)
        #expect(transport.requests.map(\.method) == ["PUT", "PUT"] && transport.requests[1].body?.bytes == [7])
        let key = MD5.hexadecimal("Mufasa:R:Circle of Life")
        let parts = Authentication.parameters(transport.requests[1].field("Authorization"))
        #expect(parts["response"] == MD5.hexadecimal("\(key):n:" + MD5.hexadecimal("PUT:/a")))
    }

    @Test func kindsAndOrder() {
        #expect(DigestAuthHandler().kind == .digestAuthentication && DigestAuthHandler().order == 490)
        #expect(ProxyDigestAuthHandler().kind == .proxyDigestAuthentication && ProxyDigestAuthHandler().order == 490)
        #expect(ProxyBasicAuthHandler().kind == .proxyBasicAuthentication && ProxyBasicAuthHandler().order == 500)
        #expect(DigestAuthHandler().passwords.find(realm: nil, uri: "http://h/") == nil)
    }
}
