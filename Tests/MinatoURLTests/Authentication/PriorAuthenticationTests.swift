import TestSupport
import Testing

@testable import MinatoURL

/// Credentials that go along before anybody asks.
@Suite(.watchdog) struct PriorAuthenticationTests {
    private typealias Reply = ScriptedTransport.Reply

    /// User klem, password kadidd!ehopper.
    private static let klem = "Basic a2xlbTprYWRpZGQhZWhvcHBlcg=="

    private static func passwords(
        _ uri: String = "http://h/a", realm: String? = "R", isAuthenticated: Bool = false
    ) -> PasswordManager {
        let passwords = PasswordManager(priorAuthentication: true)
        passwords.add(
            realm: realm, uri: uri, user: "klem", password: "kadidd!ehopper", isAuthenticated: isAuthenticated)
        return passwords
    }

    /// Which requests of a series carried credentials.
    private static func carried(_ transport: ScriptedTransport) -> [Bool] {
        transport.requests.map { $0.field("Authorization") == klem }
    }

    private static func open(_ opener: URLOpener, _ urls: String...) {
        for url in urls { _ = try? opener.openBlocking(url) }
    }

    /// Asks unless the field is there; `/missing` is missing, and `/gone` is elsewhere.
    private static func guarded() -> ScriptedTransport {
        ScriptedTransport { request, _ in
            guard request.field("Authorization") == klem else {
                return Reply(status: 401, fields: [("WWW-Authenticate", "Basic realm=R")])
            }
            return switch request.location.path {
            case "/a/missing": Reply(status: 404)
            case "/a/moved": Reply(status: 302, fields: [("Location", "/a/new")])
            default: Reply(status: 200)
            }
        }
    }

    @Test func firstSuccessTeaches() {
        let (transport, passwords) = (Self.guarded(), Self.passwords())
        let opener = URLOpener([BasicAuthHandler(passwords)], transport: transport)
        #expect(!passwords.isAuthenticated(uri: "http://h/a"))
        Self.open(opener, "http://h/a", "http://h/a/x")
        #expect(Self.carried(transport) == [false, true, true])
        #expect(passwords.isAuthenticated(uri: "http://h/a/y") && !passwords.isAuthenticated(uri: "http://h/b"))
    }

    @Test func fromTheStart() {
        let transport = Self.guarded()
        let passwords = Self.passwords(realm: nil, isAuthenticated: true)
        let opener = URLOpener([BasicAuthHandler(passwords)], transport: transport)
        // A missing page and a redirect say nothing of the password; neither does it go where it is not for.
        Self.open(opener, "http://h/a/missing", "http://h/a/moved", "http://h/a", "http://h/b", "http://h:81/a")
        #expect(Self.carried(transport) == [true, true, true, true, false, false])
    }

    @Test func refusalTakesItBack() throws {
        let transport = ScriptedTransport { _, index in
            index == 0 ? Reply(status: 401, fields: [("WWW-Authenticate", "Basic realm=R")]) : Reply(status: 200)
        }
        let passwords = Self.passwords(isAuthenticated: true)
        let opener = URLOpener([BasicAuthHandler(passwords)], transport: transport)
        let error = #expect(throws: OpenError.self) { try opener.openBlocking("http://h/a") }
        #expect(error?.blockingResponse?.status == 401 && !passwords.isAuthenticated(uri: "http://h/a"))
        Self.open(opener, "http://h/a")
        #expect(Self.carried(transport) == [true, false])
    }

    /// Only what the program asked for: a manager without prior authentication sends nothing unasked.
    @Test func isOffByDefault() {
        let transport = Self.guarded()
        let passwords = PasswordManager()
        passwords.add(realm: nil, uri: "http://h/", user: "klem", password: "kadidd!ehopper", isAuthenticated: true)
        passwords.updateAuthenticated(uri: "http://h/", true)
        let opener = URLOpener([BasicAuthHandler(passwords)], transport: transport)
        Self.open(opener, "http://h/a", "http://h/a")
        #expect(Self.carried(transport) == [false, true, false, true])
        #expect(!passwords.isAuthenticated(uri: "http://h/"))
    }

    @Test func neverOverAnotherScheme() {
        let transport = ScriptedTransport(.init(status: 200))
        let passwords = Self.passwords("https://h/", isAuthenticated: true)
        let opener = URLOpener([BasicAuthHandler(passwords)], transport: transport)
        Self.open(opener, "http://h/", "https://h/")
        #expect(Self.carried(transport) == [false, true])
    }

    @Test func programsDecide() {
        let passwords = Self.passwords()
        passwords.add(realm: "S", uri: "http://h/a/b", user: "other", password: "p")
        passwords.updateAuthenticated(uri: "http://h/b", true)
        #expect(!passwords.isAuthenticated(uri: "http://h/a"))
        passwords.updateAuthenticated(uri: "http://h/a/b", true)
        #expect(passwords.isAuthenticated(uri: "http://h/a"))
        #expect(passwords.authenticated(uri: "http://h/a/b")?.user == "klem")
        passwords.updateAuthenticated(uri: "http://h/a", false)
        // The narrower entry is another one, and keeps what it was told.
        #expect(!passwords.isAuthenticated(uri: "http://h/a") && passwords.isAuthenticated(uri: "http://h/a/b"))
        passwords.updateAuthenticated(uri: "no URL", true)
    }

    /// A field of the program's own stays, and teaches nothing.
    @Test func leavesTheFieldOfTheProgram() throws {
        let transport = ScriptedTransport(.init(status: 200))
        let passwords = Self.passwords(isAuthenticated: true)
        var request = try URLOpener.Request("http://h/a")
        try request.setField("Authorization", "Bearer token")
        _ = try URLOpener([BasicAuthHandler(passwords)], transport: transport).openBlocking(request)
        #expect(transport.requests[0].field("Authorization") == "Bearer token")
    }

    @Test func refusesWhatCannotBeSent() {
        let passwords = PasswordManager(priorAuthentication: true)
        passwords.add(realm: nil, uri: "http://h/", user: "a:b", password: "p", isAuthenticated: true)
        let transport = ScriptedTransport(.init(status: 200))
        let error = #expect(throws: OpenError.self) {
            try URLOpener([BasicAuthHandler(passwords)], transport: transport).openBlocking("http://h/")
        }
        #expect(error?.code == .badCredentials && transport.requests.isEmpty)
    }

    /// Sent unasked and refused, they may still be what Digest asks for.
    @Test func digestMayFollow() throws {
        let transport = ScriptedTransport { _, index in
            index == 0
                ? Reply(status: 401, fields: [("WWW-Authenticate", "Digest realm=R, nonce=n, Basic realm=R")])
                : Reply(status: 200)
        }
        let passwords = Self.passwords(isAuthenticated: true)
        let opener = URLOpener([BasicAuthHandler(passwords), DigestAuthHandler(passwords)], transport: transport)
        _ = try opener.openBlocking("http://h/a")
        #expect(transport.requests[1].field("Authorization")?.hasPrefix("Digest ") == true)
        #expect(transport.requests.count == 2)
    }
}
