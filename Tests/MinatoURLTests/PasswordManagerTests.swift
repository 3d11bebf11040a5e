import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct PasswordManagerTests {
    @Test(arguments: [
        ("http://h/foo", "http://h/foo", true), ("http://h/foo", "http://h/foo/x", true),
        ("http://h/foo", "http://h/foo?q", true), ("http://h/foo", "http://h/foobar", false),
        ("http://h/foo", "http://h/fo", false), ("http://h/foo/", "http://h/foo", false),
        ("http://h/foo/", "http://h/foo/x", true), ("http://h/", "http://h/any/where", true),
        ("http://h", "http://h/any", true), ("http://h/a", "http://h/a/../c", false),
        ("http://h/a", "http://h/a/%2e%2E/c", false), ("http://h/c", "http://h/a/../c", true),
        ("http://h/%66oo", "http://h/foo", true), ("http://h/a%2Fb", "http://h/a/b", false),
        ("http://H/", "http://h/", true), ("http://h:80/", "http://h/", true), ("https://h/", "https://h:443/", true),
        ("http://h/", "http://h:81/", false), ("http://h/", "http://i/", false), ("http://h/", "http://a.h/", false),
        ("https://h/", "http://h/", false), ("http://h/", "https://h/", false), ("https://h:80/", "http://h/", false),
        ("h", "https://h/x", true), ("h", "http://h/x", false), ("h:8092", "https://h:8092/x", true),
        ("h:8092/a", "https://h:8092/b", false), ("h/a", "https://h/a/b", true), ("h", "h/x", true),
        ("http://u:p@h/", "http://h/", true), ("http://h/A", "http://h/a", false), ("", "http://h/", false),
        ("http://h:x/", "http://h/", false), ("/a", "http://h/a", false), ("[::1]:81", "https://[::1]:81/", true),
        ("http://h.:80/", "http://h/", false), ("ftp://h/", "http://h/", false),
        ("http://h/", "nonsense nonsense", false),
    ])
    func matches(_ saved: String, _ asked: String, _ isMatch: Bool) {
        let passwords = PasswordManager()
        passwords.add(realm: "R", uri: saved, user: "u", password: "p")
        #expect((passwords.find(realm: "R", uri: asked) != nil) == isMatch)
    }

    @Test func looksAtTheRealmThenAtTheDefault() {
        let passwords = PasswordManager()
        passwords.add(realm: nil, uri: "http://h/", user: "default", password: "p")
        passwords.add(realm: "R", uri: "http://h/a", user: "named", password: "p")
        let user = { (realm: String?, uri: String) in passwords.find(realm: realm, uri: uri)?.user }
        #expect(user("R", "http://h/a/x") == "named")
        #expect(user("R", "http://h/b") == "default")
        #expect(user("r", "http://h/a") == "default")
        #expect(user(nil, "http://h/a") == "default")
        #expect(user("R", "http://i/a") == nil)
    }

    @Test func firstAddedWinsAndSameKeyOverwrites() {
        let passwords = PasswordManager()
        passwords.add(realm: "R", uri: "http://h/", user: "first", password: "p")
        passwords.add(realm: "R", uri: "http://h/a", user: "second", password: "p")
        #expect(passwords.find(realm: "R", uri: "http://h/a")?.user == "first")
        passwords.add(realm: "R", uri: "http://H:80", user: "changed", password: "q")
        let found = passwords.find(realm: "R", uri: "http://h/a")
        #expect(found?.user == "changed" && found?.password == "q")
    }

    @Test func noDefaultForOtherRealms() {
        let passwords = PasswordManager()
        passwords.add(realm: "R", uri: "http://h/", user: "u", password: "p")
        #expect(passwords.find(realm: "S", uri: "http://h/") == nil)
        #expect(passwords.find(realm: nil, uri: "http://h/") == nil)
    }

    /// What is added after a handler was made counts, too: it has the manager, and no copy.
    @Test func handlersHaveTheManagerItself() {
        let passwords = PasswordManager()
        #expect(BasicAuthHandler(passwords).passwords === passwords)
        #expect(DigestAuthHandler(passwords).passwords === passwords)
        #expect(ProxyBasicAuthHandler(passwords).passwords === passwords)
        #expect(ProxyDigestAuthHandler(passwords).passwords === passwords)
    }

    @Test func credentialsHideTheirPassword() {
        let credentials = PasswordManager.Credentials(user: "klem", password: "canary")
        var text = "\(credentials)" + String(reflecting: credentials)
        dump(credentials, to: &text)
        #expect(text.contains("klem") && !text.contains("canary"))
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"), ("Aladdin:open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), ("\u{ff}\u{ff}>?", "w7/Dvz4/"),
    ])
    func encodesBase64(_ text: String, _ encoded: String) {
        #expect(Base64.encode(text.utf8) == encoded)
    }
}
