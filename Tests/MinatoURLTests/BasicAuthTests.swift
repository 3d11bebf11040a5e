import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct BasicAuthTests {
    private typealias Reply = ScriptedTransport.Reply

    /// Asks for a realm until the right field comes.
    private static func guarded(_ challenges: [String], by authorization: String) -> ScriptedTransport {
        ScriptedTransport { request, _ in
            request.field("Authorization") == authorization
                ? Reply(status: 200)
                : Reply(status: 401, fields: challenges.map { ("WWW-Authenticate", $0) }, body: "no")
        }
    }

    /// User klem, password kadidd!ehopper.
    private static let klem = "Basic a2xlbTprYWRpZGQhZWhvcHBlcg=="

    private static func opener(_ transport: ScriptedTransport, _ uri: String = "http://h/", realm: String? = "R")
        -> URLOpener
    {
        let passwords = PasswordManager()
        passwords.add(realm: realm, uri: uri, user: "klem", password: "kadidd!ehopper")
        return URLOpener([BasicAuthHandler(passwords)], transport: transport)
    }

    @Test(arguments: [
        [#"Basic realm="R""#], ["Basic realm=R"], ["Basic realm='R'"], [#"basic charset="UTF-8", REALM="R""#],
        [#"Digest realm="R", nonce="n", Basic realm="R""#], [#"Digest realm="R", nonce="n""#, #"Basic realm="R""#],
        [#"Negotiate, NTLM abc==, Basic realm="R""#], [#"Basic realm="S", Basic realm="R""#],
        ["@@", #"Basic realm="R""#],
    ])
    func answersOnce(_ challenges: [String]) throws {
        let transport = Self.guarded(challenges, by: Self.klem)
        #expect(try Self.opener(transport).openBlocking("http://h/a").status == 200)
        #expect(transport.requests.map { $0.field("Authorization") } == [nil, Self.klem])
    }

    @Test(arguments: [
        ([#"Basic realm="S""#], "http://h/"), ([#"Basic realm="r""#], "http://h/"), ([], "http://h/"),
        ([#"Digest realm="R", nonce="n""#], "http://h/"), ([#"Bearer realm="R""#], "http://h/"),
        (["Bearer realm=\""], "http://h/"), (["Basic"], "http://i/"),
        (["Basic realm=\"", "Basic realm=S"], "http://h/"),
        ([#"Basic realm="R""#], "https://h/"), ([#"Basic realm="R""#], "http://h/b"),
        ([#"Basic realm="R""#], "http://i/"),
        ([#"Basic realm="R""#], "h"),
    ])
    func sendsNothingElsewhere(_ challenges: [String], _ uri: String) {
        let transport = Self.guarded(challenges, by: Self.klem)
        let error = #expect(throws: OpenError.self) { try Self.opener(transport, uri).openBlocking("http://h/a") }
        #expect(error?.code == .httpStatus && error?.blockingResponse?.status == 401)
        #expect(transport.requests.count == 1 && transport.requests[0].field("Authorization") == nil)
    }

    /// An error of its own, with the response, when a password is there and nothing else is offered.
    @Test(arguments: [
        (["Basic"], "a Basic challenge is malformed: no realm"),
        (["basic charset=UTF-8"], "a Basic challenge is malformed: no realm"),
        (["Basic realm=\""], "a Basic challenge is malformed: a quoted text without end in the parameter realm"),
        (["@@"], "a challenge is malformed: text that is neither a scheme nor a parameter"),
        (
            ["Negotiate", "Basic realm=a, realm=b", "Basic"],
            "a Basic challenge is malformed: the parameter realm twice"
        ),
        (["Digest realm=R"], "a Digest challenge is malformed: no nonce"),
    ])
    func malformedChallengeIsAnError(_ challenges: [String], _ detail: String) throws {
        let transport = Self.guarded(challenges, by: Self.klem)
        let error = #expect(throws: OpenError.self) { try Self.opener(transport).openBlocking("http://h/a") }
        #expect(error?.description == "handle http://h/a: \(detail) (badChallenge)")
        #expect(error?.blockingResponse?.status == 401 && transport.requests.count == 1)
        #expect(try error?.blockingResponse?.body.collect(upTo: 10) == Array("no".utf8))
    }

    @Test func givesUpWhenRefused() throws {
        let transport = Self.guarded([#"Basic realm="R""#], by: "another")
        let error = #expect(throws: OpenError.self) { try Self.opener(transport).openBlocking("http://h/") }
        #expect(error?.blockingResponse?.status == 401 && transport.requests.count == 2)
        #expect(try error?.blockingResponse?.body.collect(upTo: 10) == Array("no".utf8))
    }

    @Test func alternatingRealmsEnd() {
        let passwords = PasswordManager()
        passwords.add(realm: "A", uri: "http://h/", user: "a", password: "1")
        passwords.add(realm: "B", uri: "http://h/", user: "b", password: "2")
        let transport = ScriptedTransport { _, index in
            Reply(status: 401, fields: [("WWW-Authenticate", "Basic realm=" + (index % 2 == 0 ? "A" : "B"))])
        }
        #expect(throws: OpenError.self) {
            try URLOpener([BasicAuthHandler(passwords)], transport: transport).openBlocking("http://h/")
        }
        #expect(transport.requests.count == 3)
    }

    @Test func eachOpenIsChallengedAnew() throws {
        let transport = Self.guarded(["Basic realm=R"], by: Self.klem)
        let opener = Self.opener(transport)
        for _ in 0..<2 { _ = try opener.openBlocking("http://h/") }
        #expect(transport.requests.map { $0.field("Authorization") } == [nil, Self.klem, nil, Self.klem])
    }

    @Test func defaultRealmAndPOST() throws {
        let transport = Self.guarded([#"Basic realm="any""#], by: Self.klem)
        let response = try Self.opener(transport, realm: nil).openBlocking("http://h/", body: [7])
        #expect(response.status == 200)
        #expect(transport.requests.map(\.method) == ["POST", "POST"] && transport.requests.last?.body?.bytes == [7])
    }

    @Test(arguments: ["http://i/", "http://h:81/", "https://h/", "/elsewhere"])
    func goesNoFurtherThanItsURL(_ location: String) throws {
        let transport = ScriptedTransport { request, index in
            switch index {
            case 0: Reply(status: 401, fields: [("WWW-Authenticate", "Basic realm=R")])
            case 1: Reply(status: 302, fields: [("Location", location)])
            default: Reply(status: 401, fields: [("WWW-Authenticate", "Basic realm=S")])
            }
        }
        #expect(throws: OpenError.self) { try Self.opener(transport).openBlocking("http://h/") }
        #expect(transport.requests.map { $0.field("Authorization") } == [nil, Self.klem, nil])
    }

    @Test func credentialsOfTheURLAnswerItsOriginOnly() throws {
        let transport = Self.guarded(["Basic realm=R"], by: Self.klem)
        let opener = URLOpener([], transport: transport)
        let response = try opener.openBlocking("http://klem:kadidd!ehopper@h/")
        #expect(response.url == "http://h/")
        #expect(transport.requests.map { $0.field("Authorization") } == [nil, Self.klem])
        let elsewhere = ScriptedTransport { request, index in
            index == 0
                ? Reply(status: 302, fields: [("Location", "http://evil:p@h:81/")])
                : Reply(status: 401, fields: [("WWW-Authenticate", "Basic realm=R")])
        }
        #expect(throws: OpenError.self) {
            try URLOpener([], transport: elsewhere).openBlocking("http://klem:kadidd!ehopper@h/")
        }
        #expect(elsewhere.requests.map { $0.field("Authorization") } == [nil, nil])
    }

    @Test func managerComesBeforeTheURL() throws {
        let transport = Self.guarded(["Basic realm=R"], by: Self.klem)
        #expect(try Self.opener(transport).openBlocking("http://other:pw@h/").status == 200)
    }

    @Test(arguments: [("a:b", "p", "a colon"), ("a", "p\nq", "a control"), ("a\0", "p", "a control")])
    func refusesWhatCannotBeSent(_ user: String, _ password: String, _ detail: String) {
        let passwords = PasswordManager()
        passwords.add(realm: "R", uri: "http://h/", user: user, password: password)
        let transport = Self.guarded(["Basic realm=R"], by: "x")
        let error = #expect(throws: OpenError.self) {
            try URLOpener([BasicAuthHandler(passwords)], transport: transport).openBlocking("http://h/")
        }
        #expect(error?.code == .badCredentials && error?.detail.hasPrefix(detail) == true)
        #expect(error?.blockingResponse?.status == 401 && transport.requests.count == 1)
    }

    @Test func sendsUTF8() throws {
        let passwords = PasswordManager()
        passwords.add(realm: "R", uri: "http://h/", user: "test", password: "123\u{a3}")
        // The example of RFC 7617 section 2.1.
        let transport = Self.guarded(["Basic realm=R"], by: "Basic dGVzdDoxMjPCow==")
        let opener = URLOpener([BasicAuthHandler(passwords)], transport: transport)
        #expect(try opener.openBlocking("http://h/").status == 200)
    }

    @Test func replacesARefusedFieldOfTheProgram() throws {
        var request = try URLOpener.Request("http://h/")
        try request.setField("Authorization", "Bearer stale")
        let transport = Self.guarded(["Basic realm=R"], by: Self.klem)
        #expect(try Self.opener(transport).openBlocking(request).status == 200)
        #expect(transport.requests.map { $0.field("Authorization") } == ["Bearer stale", Self.klem])
    }

    /// Who logs in by Basic is sent back to where they came from with a cookie, and is asked once more: nothing was refused.
    @Test func answersAgainAfterARedirect() throws {
        let transport = ScriptedTransport { request, index in
            switch (index, request.field("Authorization")) {
            case (1, .some): Reply(status: 302, fields: [("Location", "/a")])
            case (_, nil): Reply(status: 401, fields: [("WWW-Authenticate", "Basic realm=R")])
            default: Reply(status: 200)
            }
        }
        #expect(try Self.opener(transport).openBlocking("http://h/a").status == 200)
        #expect(transport.requests.map { $0.field("Authorization") } == [nil, Self.klem, nil, Self.klem])
    }

    /// A server that asks and sends back for ever: the redirects have their bound.
    @Test func redirectsAndChallengesEnd() throws {
        let transport = ScriptedTransport { request, _ in
            request.field("Authorization") == nil
                ? Reply(status: 401, fields: [("WWW-Authenticate", "Basic realm=R")])
                : Reply(status: 302, fields: [("Location", "/a")])
        }
        let error = #expect(throws: OpenError.self) { try Self.opener(transport).openBlocking("http://h/a") }
        #expect(error?.code == .tooManyRedirects && transport.requests.count < 20, "\(error as Any)")
    }
}
