import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Nonces from one request to the next.
@Suite(.watchdog) struct NonceTests {
    private typealias Reply = ScriptedTransport.Reply

    /// What each request said: `-`, or `path nonce/nc`.
    private static func sent(_ transport: ScriptedTransport) -> [String] {
        transport.requests.map { request in
            let parts = Authentication.parameters(request.field("Authorization"))
            guard let nonce = parts["nonce"], let count = parts["nc"] else { return "-" }
            return "\(parts["uri"] ?? "?") \(nonce)/\(count.drop { $0 == "0" })"
        }
    }

    private static func opener(_ transport: ScriptedTransport, _ passwords: PasswordManager? = nil) -> URLOpener {
        URLOpener([DigestAuthHandler(passwords ?? Authentication.passwords("http://h/"))], transport: transport)
    }

    private static func challenge(_ parameters: String) -> Reply {
        Reply(status: 401, fields: [("WWW-Authenticate", "Digest qop=auth, " + parameters)])
    }

    @Test func countsFromOpenToOpen() throws {
        let transport = ScriptedTransport { _, index in
            index == 0 ? Self.challenge("realm=R, nonce=n") : Reply(status: 200)
        }
        let opener = Self.opener(transport)
        for path in ["/a", "/b?c=d", "/"] { _ = try opener.openBlocking("http://h" + path) }
        #expect(Self.sent(transport) == ["-", "/a n/1", "/b?c=d n/2", "/ n/3"])
        let nonces = transport.requests.map { Authentication.parameters($0.field("Authorization"))["cnonce"] }
        #expect(Set(nonces.dropFirst()).count == 1 && nonces[1]?.utf8.count == 32)
    }

    /// A count has eight digits: a nonce that has been used with all of them goes out no more, and the server is asked for another.
    @Test func isUsedUp() throws {
        let transport = ScriptedTransport { request, index in
            if request.field("Authorization") != nil { return Reply(status: 200) }
            return Self.challenge("realm=R, nonce=\(index < 4 ? "n" : "m")")
        }
        let authenticator = DigestAuthenticator(.server, Authentication.passwords("http://h/"), mostUses: 3)
        let opener = URLOpener([DigestAuthHandler(authenticator)], transport: transport)
        for path in ["/a", "/b", "/c", "/d", "/e"] { #expect(try opener.openBlocking("http://h" + path).status == 200) }
        #expect(Self.sent(transport) == ["-", "/a n/1", "/b n/2", "/c n/3", "-", "/d m/1", "/e m/2"])
    }

    /// A server that always gives the same one, whose counts have all been used: as if it were new, with a new one of ours.
    @Test func isUsedUpAndGivenAgain() throws {
        let sessions = DigestSessions(mostUses: 3)
        let challenge = try DigestChallenge(
            try #require(Challenge.parse(Array("Digest realm=R, nonce=n, qop=auth".utf8)).first))
        let place = try RequestURL("http://h/")
        let used = (1...4).map { number in
            let credentials = PasswordManager.Credentials(user: "u", password: "p")
            let session = sessions.begin(challenge, credentials, clientNonce: "c\(number)", at: place, .server)
            return "\(session.clientNonce)/\(session.count)"
        }
        #expect(used == ["c1/1", "c1/2", "c1/3", "c4/1"])
    }

    /// Where a nonce goes unasked, by the domain of its challenge, the URL of the next request, and what the manager says.
    @Test(arguments: [
        ("", "http://h/other", true), ("", "http://h:81/", false), ("", "https://h/", false), ("", "http://i/", false),
        ("/a", "http://h/a/b", true), ("/a", "http://h/ab", false), ("/a", "http://h/", false),
        ("/x /a?q", "http://h/a/b", true), ("/x /a/", "http://h/a", false), ("b", "http://h/a/b/c", true),
        ("http://h:80/c", "http://h/c", true), ("http://i/", "http://i/", false), ("http://i/", "http://h/", false),
        ("http://[", "http://h/", false), ("/a", "http://h/c/../a", true), (" ", "http://h/x", true),
    ])
    func holdsWhereItSays(_ domain: String, _ url: String, _ goesAlong: Bool) throws {
        let transport = ScriptedTransport { _, index in
            index == 0 ? Self.challenge("realm=R, nonce=n, domain=\"\(domain)\"") : Reply(status: 200)
        }
        let passwords = Authentication.passwords("http://h/")
        for place in ["http://h:81/", "https://h/", "http://i/"] {
            passwords.add(realm: nil, uri: place, user: "Mufasa", password: "Circle of Life")
        }
        let opener = Self.opener(transport, passwords)
        for url in ["http://h/a/", url] { _ = try opener.openBlocking(url) }
        #expect((Self.sent(transport).last != "-") == goesAlong)
    }

    @Test func goesWithItsCredentialsOnly() throws {
        let transport = ScriptedTransport { _, index in
            index == 0 ? Self.challenge("realm=R, nonce=n") : Reply(status: 200)
        }
        let passwords = Authentication.passwords("http://h/a", realm: "R")
        let opener = Self.opener(transport, passwords)
        for url in ["http://h/a", "http://h/b", "http://h/a/x"] { _ = try opener.openBlocking(url) }
        passwords.add(realm: "R", uri: "http://h/a", user: "Mufasa", password: "changed")
        _ = try opener.openBlocking("http://h/a")
        #expect(Self.sent(transport) == ["-", "/a n/1", "-", "/a/x n/2", "-"])
    }

    /// A nonce that the server has forgotten is replaced, whether the server says stale or not; then a refusal is one.
    @Test(arguments: ["stale=true", "stale=false"])
    func isReplacedWhenForgotten(_ stale: String) throws {
        let transport = ScriptedTransport { _, index in
            switch index {
            case 0: Self.challenge("realm=R, nonce=1")
            case 2: Self.challenge("realm=R, nonce=2, \(stale)")
            default: Reply(status: 200)
            }
        }
        let opener = Self.opener(transport)
        for _ in 0..<3 { _ = try opener.openBlocking("http://h/") }
        #expect(Self.sent(transport) == ["-", "/ 1/1", "/ 1/2", "/ 2/1", "/ 2/2"])
    }

    @Test func isForgottenWhenRefused() throws {
        let transport = ScriptedTransport { _, index in
            index < 2 ? Self.challenge("realm=R, nonce=n\(index)") : Reply(status: 200)
        }
        let opener = Self.opener(transport)
        #expect(throws: OpenError.self) { try opener.openBlocking("http://h/") }
        _ = try opener.openBlocking("http://h/")
        #expect(Self.sent(transport) == ["-", "/ n0/1", "-"])
    }

    /// A server with one nonce for all: the count goes on, or the answer would look like a replay.
    @Test func sameNonceCountsOn() throws {
        let transport = ScriptedTransport { request, _ in
            request.field("Authorization") == nil ? Self.challenge("realm=R, nonce=n, domain=/x") : Reply(status: 200)
        }
        let opener = Self.opener(transport)
        for _ in 0..<3 { _ = try opener.openBlocking("http://h/") }
        #expect(Self.sent(transport) == ["-", "/ n/1", "-", "/ n/2", "-", "/ n/3"])
        let nonces = transport.requests.compactMap { Authentication.parameters($0.field("Authorization"))["cnonce"] }
        #expect(Set(nonces).count == 1)
    }

    /// The nonce for the next request, where the server names it.
    @Test(arguments: [
        ("nextnonce=\"m\"", ["/ n/1", "/ m/1", "/ m/2"]),
        ("qop=auth, nextnonce=m, nc=00000001", ["/ n/1", "/ m/1", "/ m/2"]),
        ("nextnonce", ["/ n/1", "/ n/2", "/ n/3"]), ("rspauth=\"x\"", ["/ n/1", "/ n/2", "/ n/3"]),
        ("nextnonce=\"\"", ["/ n/1", "/ n/2", "/ n/3"]), ("nextnonce=\"m\u{85}\"", ["/ n/1", "/ n/2", "/ n/3"]),
        ("nextnonce=\"m\u{FFFD}\"", ["/ n/1", "/ n/2", "/ n/3"]),
    ])
    func takesTheNextNonce(_ information: String, _ sent: [String]) throws {
        let transport = ScriptedTransport { _, index in
            switch index {
            case 0: Self.challenge("realm=R, nonce=n")
            case 1: Reply(status: 200, fields: [("Authentication-Info", information)])
            default: Reply(status: 200)
            }
        }
        let opener = Self.opener(transport)
        for _ in 0..<3 { _ = try opener.openBlocking("http://h/") }
        #expect(Self.sent(transport) == ["-"] + sent)
    }

    /// A redirect within the place takes the nonce along, counted; one that leads out of it does not.
    @Test func followsRedirects() throws {
        let transport = ScriptedTransport { _, index in
            switch index {
            case 0: Self.challenge("realm=R, nonce=n")
            case 1: Reply(status: 302, fields: [("Location", "/b"), ("Authentication-Info", "nextnonce=m")])
            case 2: Reply(status: 302, fields: [("Location", "http://i/")])
            default: Reply(status: 200)
            }
        }
        _ = try Self.opener(transport).openBlocking("http://h/a")
        #expect(Self.sent(transport) == ["-", "/a n/1", "/b m/1", "-"])
    }

    /// A request that another handler has sent anew is counted anew.
    @Test func retriesAreCounted() throws {
        struct Again: OpenerHandler {
            func examine(
                _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
            ) throws(OpenError) -> URLOpener.Verdict {
                head.status == 503 ? .retry(exchange.request, because: .other) : .accept
            }
        }
        let transport = ScriptedTransport { _, index in
            switch index {
            case 0: Self.challenge("realm=R, nonce=n")
            case 1: Reply(status: 503)
            default: Reply(status: 200)
            }
        }
        let handler = DigestAuthHandler(Authentication.passwords("http://h/"))
        _ = try URLOpener([handler, Again()], transport: transport).openBlocking("http://h/")
        #expect(Self.sent(transport) == ["-", "/ n/1", "/ n/2"])
    }

    /// Two realms at one server: each is asked for when the other one was used last, and neither is forgotten.
    @Test func realmsTakeTurns() throws {
        let transport = ScriptedTransport { request, index in
            let realm = String(request.location.path.dropFirst())
            let sent = Authentication.parameters(request.field("Authorization"))["realm"]
            return sent == realm ? Reply(status: 200) : Self.challenge("realm=\(realm), nonce=\(realm)")
        }
        let opener = Self.opener(transport)
        for path in ["a", "b", "b", "a"] { _ = try opener.openBlocking("http://h/" + path) }
        #expect(
            Self.sent(transport) == ["-", "/a a/1", "/b a/2", "/b b/1", "/b b/2", "/a b/3", "/a a/3"])
    }

    /// However many servers ask, a bounded number of nonces is kept.
    @Test func forgetsTheOldest() throws {
        let transport = ScriptedTransport { request, _ in
            request.field("Authorization") == nil ? Self.challenge("realm=R, nonce=n") : Reply(status: 200)
        }
        let passwords = PasswordManager()
        for port in 1...101 { passwords.add(realm: nil, uri: "http://h:\(port)/", user: "u", password: "p") }
        let opener = Self.opener(transport, passwords)
        for port in 1...101 { _ = try opener.openBlocking("http://h:\(port)/") }
        for port in [1, 101] { _ = try opener.openBlocking("http://h:\(port)/") }
        #expect(Self.sent(transport).suffix(3) == ["-", "/ n/1", "/ n/2"])
    }

    /// Threads that share a handler never use a count twice.
    @Test func threadsShareTheCount() throws {
        let transport = ScriptedTransport { request, _ in
            request.field("Authorization") == nil ? Self.challenge("realm=R, nonce=n") : Reply(status: 200)
        }
        let opener = Self.opener(transport)
        let threads = try (0..<4).map { _ in
            try Background { for _ in 0..<50 { _ = try opener.openBlocking("http://h/") } }
        }
        for thread in threads { try thread.join() }
        let answers = Self.sent(transport).filter { $0 != "-" }
        #expect(answers.count == 200 && Set(answers).count == 200 && answers.contains("/ n/c8"))
    }

    /// A server that gives everybody the same nonce: each user has a count of their own, answers as themselves, and stays known when
    /// the other one is refused, or is given a new one.
    @Test func ofTwoUsers() throws {
        let transport = ScriptedTransport { request, index in
            let parts = Authentication.parameters(request.field("Authorization"))
            switch (request.location.target, parts["username"]) {
            case (_, nil), ("http://h/refused", _): return Self.challenge("realm=R, nonce=n")
            case ("http://h/next", _): return Reply(status: 200, fields: [("Authentication-Info", "nextnonce=m")])
            default: return Reply(status: 200)
            }
        }
        let opener = URLOpener([DigestAuthHandler(PasswordManager())], transport: transport)
        for (user, path) in [
            ("a", "1"), ("b", "1"), ("b", "2"), ("a", "2"), ("b", "next"), ("a", "3"), ("b", "3"), ("b", "refused"),
            ("a", "4"),
        ] {
            _ = try? opener.openBlocking("http://\(user):p\(user)@h/\(path)")
        }
        let sent = transport.requests.map { request -> String in
            let parts = Authentication.parameters(request.field("Authorization"))
            guard let user = parts["username"], let nonce = parts["nonce"], let uri = parts["uri"] else { return "-" }
            let key = MD5.hexadecimal("\(user):R:p\(user)")
            let tail = "\(parts["nc"] ?? ""):\(parts["cnonce"] ?? ""):auth:\(MD5.hexadecimal("GET:\(uri)"))"
            #expect(parts["response"] == MD5.hexadecimal("\(key):\(nonce):\(tail)"))
            return "\(user) \(uri) \(nonce)/\((parts["nc"] ?? "").drop { $0 == "0" })"
        }
        #expect(
            sent == [
                "-", "a /1 n/1", "-", "b /1 n/1", "b /2 n/2", "a /2 n/2", "b /next n/3", "a /3 n/3", "b /3 m/1",
                "b /refused m/2", "b /refused n/1", "a /4 n/4",
            ])
    }
}
