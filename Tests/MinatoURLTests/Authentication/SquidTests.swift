import TestSupport
import Testing

@testable import MinatoURL

/// Digest and Basic against a proxy that nobody here wrote and that checks every hash and every count.
@Suite(.watchdog, .enabled(if: SquidProxy.isInstalled, "squid is not installed, which scripts/test does"))
struct SquidTests {
    private static let users = [
        ("klem", "kadidd!ehopper"), ("u", "p"), ("a.b-c_d", "&=?\"\\"), ("\u{fc}", "x"),
    ]
    /// Those with a space, a percent sign or more than ASCII in the password it does not let in by Basic: curl neither.
    private static let usersOfDigest = users + [("Mufasa", "Circle of Life"), ("UPPER", "%41\u{e9}")]

    private let squid: SquidProxy
    private let origin: RawServer
    private let log = RequestLog()

    init() throws {
        squid = try SquidProxy(Self.usersOfDigest, realm: "Squid, the proxy", usesOfNonce: 3)
        origin = try RawServer { connection in connection.answerAll { _ in okay("page") } }
    }

    private struct ByProxy: OpenerHandler {
        let url: String
        var order: Int { 100 }
        func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
            request.proxy = try Proxy(url)
        }
    }

    private func opener(
        _ userInformation: String = "", _ handlers: any OpenerHandler..., namesNextNonce: Bool = true
    ) -> URLOpener {
        let proxy = ByProxy(url: "http://\(userInformation)\(squid.address)/")
        return URLOpener(handlers + [proxy, log], transport: ProxyTransport(namesNextNonce: namesNextNonce))
    }

    private func passwords(_ user: String, _ password: String) -> PasswordManager {
        Authentication.passwords("http://\(squid.address)/", user: user, password: password)
    }

    /// What the requests since the last call said to the proxy: `-`, `Basic`, or the count of Digest.
    private func sent() -> [String] {
        log.take().map { request in
            guard let field = request.field("Proxy-Authorization") else { return "-" }
            return Authentication.parameters(field)["nc"].map { String($0.suffix(1)) } ?? String(field.prefix(5))
        }
    }

    private func status(_ opener: URLOpener, _ url: String) throws -> Int {
        do throws(OpenError) {
            let response = try opener.openBlocking(url)
            return response.status
        } catch {
            guard error.code == .httpStatus, let status = error.blockingResponse?.status else { throw error }
            return status
        }
    }

    /// Digest is chosen, and goes over to the next nonce that the proxy names when one has served twice.
    @Test func digest() throws {
        for (user, password) in Self.usersOfDigest {
            let passwords = passwords(user, password)
            let opener = opener("", ProxyDigestAuthHandler(passwords), ProxyBasicAuthHandler(passwords))
            for path in ["/a", "/b?c=d", "/", "/", "/"] { #expect(try status(opener, origin.url(path)) == 200) }
            #expect(sent() == ["-", "1", "2", "1", "2", "1"])
        }
        #expect(!origin.requests.contains { $0.contains("Proxy-Authorization") })
    }

    /// Where the proxy does not say so, it calls the nonce stale: that costs a request, and no error.
    @Test func staleNonce() throws {
        let opener = opener("", ProxyDigestAuthHandler(passwords("klem", "kadidd!ehopper")), namesNextNonce: false)
        for _ in 0..<6 { #expect(try status(opener, origin.url()) == 200) }
        // One challenge at the beginning, one in between; after how many uses, squid decides more than its setting does.
        let sent = sent()
        #expect(sent.count == 8 && sent.filter { $0 == "1" }.count == 2 && sent.first == "-")
    }

    @Test func basic() throws {
        for (user, password) in Self.users {
            let opener = opener("", ProxyBasicAuthHandler(passwords(user, password)))
            for _ in 0..<2 { #expect(try status(opener, origin.url()) == 200) }
            #expect(sent() == ["-", "Basic", "Basic"])
        }
        #expect(!origin.requests.contains { $0.contains("Proxy-Authorization") })
    }

    @Test func wrongPassword() throws {
        let passwords = passwords("klem", "wrong")
        let both = opener("", ProxyDigestAuthHandler(passwords), ProxyBasicAuthHandler(passwords))
        #expect(try status(both, origin.url()) == 407)
        #expect(sent() == ["-", "1"])
        #expect(try status(opener("", ProxyBasicAuthHandler(passwords)), origin.url()) == 407)
        #expect(sent() == ["-", "Basic"])
        #expect(try status(opener(), origin.url()) == 407)
        #expect(sent() == ["-"] && origin.requests.isEmpty)
    }

    /// For a tunnel the hash is of CONNECT and the authority.
    @Test func tunnel() throws {
        let passwords = passwords("klem", "kadidd!ehopper")
        let digest = opener("", ProxyDigestAuthHandler(passwords))
        for _ in 0..<2 { #expect(try status(digest, "https://127.0.0.1:\(origin.port)/a") == 200) }
        #expect(sent() == ["-", "1", "2"])
        let basic = opener("", ProxyBasicAuthHandler(passwords))
        #expect(try status(basic, "https://127.0.0.1:\(origin.port)/a") == 200)
        #expect(sent() == ["-", "Basic"])
    }

    @Test func credentialsOfTheProxysURL() throws {
        let opener = opener("klem:kadidd%21ehopper@")
        #expect(try status(opener, origin.url()) == 200)
        #expect(sent() == ["-", "1"])
    }
}
