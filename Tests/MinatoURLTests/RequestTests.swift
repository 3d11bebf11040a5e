import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct RequestTests {
    @Test(arguments: [
        ("http://h", "http://h/", "http", "h", 80),
        ("HTTP://H:81/p?q#f", "http://H:81/p?q#f", "http", "h", 81),
        ("https://h/a/../b", "https://h/a/../b", "https", "h", 443),
        ("http://[::1]:8080/", "http://[::1]:8080/", "http", "[::1]", 8080),
        ("http://user:pw@h/x@y", "http://h/x@y", "http", "h", 80),
        ("http://h/\u{6771}?\u{e9}", "http://h/%E6%9D%B1?%C3%A9", "http", "h", 80),
        ("http://0x7f.1/", "http://127.0.0.1/", "http", "127.0.0.1", 80),
    ])
    func readsURL(_ text: String, _ shown: String, _ scheme: String, _ host: String, _ port: Int) throws {
        let request = try URLOpener.Request(text)
        #expect(request.url == shown)
        #expect(request.location.origin == Origin(scheme: scheme, host: host, port: port))
    }

    @Test(arguments: [
        ("", OpenError.Code.badURL), ("h", .badURL), ("/p", .badURL), ("http:", .badURL), ("http://", .badURL),
        ("http:h", .badURL), ("http:/h/", .badURL), ("http:///h/", .badURL), ("http://h:99999/", .badURL),
        ("http://h:x/", .badURL), ("http://h/a b", .badURL), ("http://h/\r\nX: y", .badURL), ("http://h/\0", .badURL),
        ("http://h\u{7f}/", .badURL), ("http://\u{6771}/", .badURL), ("http://%E6%9D%B1/", .badURL),
        ("http://a%0d%0a:p@h/", .badURL), ("http://[::1/", .badURL), ("ftp:h", .badURL),
        ("ftp://h/%0d%0aDELE%20x", .badURL), ("ftp://a%0a:b@h/", .badURL), ("ftp://h/%00", .badURL),
        ("file:x", .badURL), ("file:", .badURL), ("file://h/x", .badURL), ("file://u:p@localhost/x", .badURL),
        ("file:///x?y", .badURL), ("file:///%00", .badURL), ("file:///a b", .badURL),
        ("localhost:80/", .badURL), ("localhost:80", .badURL), ("a.example:8080?x", .badURL), ("tel:112", .badURL),
        ("mem:", .badURL), ("mem://", .badURL), ("mem:#f", .badURL), ("1mem:x", .badURL), ("m_m:x", .badURL),
        ("mem:a b", .badURL), ("mem:a\r\nb", .badURL), ("mem:\0", .badURL), ("mem:a\u{7f}", .badURL),
        ("user:password@h", .badURL), ("mem:a/b@c", .badURL), ("mem:///u:p@h/", .badURL), ("mem:x#u@h", .badURL),
        ("gopher://h:x/", .badURL), ("gopher://h:99999/", .badURL), ("gopher://:70/", .badURL),
        ("gopher://u:p@/", .badURL), ("gopher://h/a b", .badURL), ("gopher://h/\r\nx", .badURL),
        ("gopher://good\\@evil/", .badURL), ("gopher://\u{6771}/", .badURL), ("gopher://a%0a:b@h/", .badURL),
        ("gopher://a%3Ab:p@h/", .badCredentials), ("imap://u;x=c:p@[/", .badURL),
        ("http://a%3Ab:p@h/", .badCredentials), ("http://a@b@h/", .badURL), ("http://good\\@evil/", .badURL),
        ("http://a|b/", .badURL), ("http://a%/", .badURL), ("http://[a@h/", .badURL), ("http://\u{ff0f}@h/", .badURL),
        ("http://[::1]x/", .badURL), ("http://[1.2.3.4]/", .badURL),
    ])
    func refusesURL(_ text: String, _ code: OpenError.Code) {
        let error = #expect(throws: OpenError.self) { try URLOpener.Request(text) }
        #expect(error?.code == code)
    }

    /// Of schemes that nobody here knows: with a host as of http, or else as it is.
    @Test(arguments: [
        ("gopher://H", "gopher://H/", "gopher", "h"), ("MEM://H:81/P?q#f", "mem://H:81/P?q#f", "mem", "h"),
        ("gopher://u:p@h/x@y", "gopher://h/x@y", "gopher", "h"),
        ("a+b-c.1://[::1]/", "a+b-c.1://[::1]/", "a+b-c.1", "[::1]"),
        ("imap://u;o=x:p@h/", "imap://h/", "imap", "h"), ("mem://h/\u{e9}", "mem://h/%C3%A9", "mem", "h"),
        ("Mem:a/../B?q#f", "mem:a/../B?q#f", "mem", ""), ("mem:\u{e9}", "mem:%C3%A9", "mem", ""),
        ("mem:/80", "mem:/80", "mem", ""), ("mem:80x", "mem:80x", "mem", ""), ("mem:?q", "mem:?q", "mem", ""),
        ("mem:///x", "mem:///x", "mem", ""), ("mem:///80", "mem:///80", "mem", ""),
        ("localhost:x", "localhost:x", "localhost", ""),
        ("x:%0d%0a", "x:%0d%0a", "x", ""),
    ])
    func readsSchemesOfHandlers(_ text: String, _ shown: String, _ scheme: String, _ host: String) throws {
        let request = try URLOpener.Request(text)
        #expect(request.url == shown)
        #expect(request.location.origin.scheme == scheme && request.location.origin.host == host)
        #expect(!request.location.target.contains("#"))
    }

    /// What looks like a URL without its scheme is not shown as one with a scheme.
    @Test func passwordsWithoutASchemeAreNotShown() {
        for text in ["klem:c4n4ry@h", "klem:c4n4/ry@h", "klem:c4n4ry#@h", "klem:c4n4ry?@h:80/"] {
            let error = #expect(throws: OpenError.self) { try URLOpener.Request(text) }
            #expect(error?.code == .badURL && error?.description.contains("c4n4") == false, "\(error as Any)")
        }
        let error = #expect(throws: OpenError.self) { try URLOpener.Request("localhost:80/") }
        #expect(error?.description == "prepare localhost:80/: no scheme before the host and port (badURL)")
    }

    @Test func takesCredentialsOutOfTheURL() throws {
        let request = try URLOpener.Request("http://us%20er:p%40w@h/#f")
        #expect(request.location.userInformation == PasswordManager.Credentials(user: "us er", password: "p@w"))
        #expect(try URLOpener.Request("http://u@h/").location.userInformation?.password == "")
        #expect(try URLOpener.Request("http://h/").location.userInformation == nil)
        #expect(request.location.target == "http://h/")
        #expect(request.location.fragment == "f")
    }

    /// What no Referer may have (RFC 9110 section 10.1.3) is gone when the field is set.
    @Test(arguments: [
        ("http://u:canary@h/p?q=a@b#canary", "http://h/p?q=a@b"), ("http://canary@h:81", "http://h:81"),
        ("//u:canary@h/", "//h/"), ("http://u:canary@canary@h/", "http://h/"), ("http://h/a@b", "http://h/a@b"),
        ("/p?x@y", "/p?x@y"), ("about:blank", "about:blank"), ("", ""), ("#canary", ""),
    ])
    func refererHasNoSecret(_ given: String, _ sent: String) throws {
        var request = try URLOpener.Request("http://h/")
        try request.setField("referer", given)
        try request.addField("X", given)
        #expect(request.field("Referer") == sent && request.field("X") == given)
    }

    @Test(arguments: ["", "a b", "a:", "a\r\nb", "a\r\n", "é", "a\0", "(", "\u{7f}"])
    func refusesNames(_ name: String) throws {
        var request = try URLOpener.Request("http://h/")
        #expect(throws: OpenError.self) { try request.addField(name, "v") }
        #expect(throws: OpenError.self) { try request.setMethod(name) }
        #expect(request.fields.isEmpty && request.method == "GET")
    }

    @Test(arguments: ["a\rb", "a\nb", "a\r\nEvil: 1", "\0", "\u{1b}[0m", "\u{7f}", "\u{85}"])
    func refusesValues(_ value: String) throws {
        var request = try URLOpener.Request("http://h/")
        try request.setField("X", "before")
        let error = #expect(throws: OpenError.self) { try request.setField("X", value) }
        #expect(error?.description == "prepare http://h/: the value of the field X has a control (badRequest)")
        #expect(request.field("x") == "before")
    }

    @Test(arguments: ["content-length", "Transfer-Encoding", "EXPECT", "Upgrade", "HTTP2-Settings", "TE", "Trailer"])
    func refusesFramingFields(_ name: String) throws {
        var request = try URLOpener.Request("http://h/")
        let error = #expect(throws: OpenError.self) { try request.addField(name, "1") }
        #expect(error?.code == .badRequest)
    }

    @Test func keepsCaseOrderAndDuplicates() throws {
        var request = try URLOpener.Request("http://h/")
        try request.addField("X-b", "1")
        try request.addField("x-A", "tab\there")
        try request.addField("X-B", "")
        #expect(request.fields.map(\.description) == ["X-b: 1", "x-A: tab\there", "X-B: "])
        try request.setField("x-b", "2")
        #expect(request.fields.map(\.description) == ["x-A: tab\there", "x-b: 2"])
        request.removeField("X-a")
        #expect(request.field("x-a") == nil && request.field("X-B") == "2")
    }

    @Test func bodyMakesPOST() throws {
        var request = try URLOpener.Request("http://h/")
        #expect(request.method == "GET")
        request.body = []
        #expect(request.method == "POST")
        try request.setMethod("PUT")
        #expect(request.method == "PUT")
        #expect(try URLOpener.Request("http://h/", method: "GET", body: [1]).method == "GET")
        #expect(throws: OpenError.self) { try URLOpener.Request("http://h/", method: "CONNECT") }
    }

    @Test func fillsDefaultsOnlyWhereNothingIs() throws {
        var request = try URLOpener.Request("http://h/", body: [])
        #expect(
            try request.completed().fields.map(\.description) == [
                "User-Agent: minato/0.1.0", "Accept-Encoding: identity",
                "Content-Type: application/x-www-form-urlencoded",
            ])
        for name in ["user-agent", "accept-encoding", "content-type"] { try request.setField(name, "mine") }
        #expect(try request.completed().fields.map(\.value) == ["mine", "mine", "mine"])
        try request.setMethod("HEAD")
        #expect(throws: OpenError.self) { try request.completed() }
    }

    @Test func changesURL() throws {
        var request = try URLOpener.Request("http://h/", body: [1])
        try request.setURL("https://i/")
        #expect(request.url == "https://i/" && request.method == "POST")
        #expect(throws: OpenError.self) { try request.setURL("nothing") }
        #expect(request.url == "https://i/")
    }

    @Test func showsNoSecret() throws {
        var request = try URLOpener.Request("http://klem:canary@h/", body: Array("canary".utf8))
        try request.addField("Authorization", "Basic canary")
        try request.addField("X-Key", "canary", sensitive: true)
        var text = "\(request)" + String(reflecting: request) + "\(request.fields)"
        dump(request, to: &text)
        dump(request.location, to: &text)
        dump(URLOpener.Exchange(request), to: &text)
        #expect(!text.contains("canary"))
        #expect(text.contains("X-Key: (hidden)"))
    }
}
