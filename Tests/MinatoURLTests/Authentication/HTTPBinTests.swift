import TestSupport
import Testing

@testable import MinatoURL

/// Digest and Basic against a server that nobody here wrote and that checks every hash.
@Suite(
    .watchdog,
    .enabled(if: HTTPBin.isInstalled, "httpbin is not installed, which scripts/test does where PyPI can be reached")
)
struct HTTPBinTests {
    private let server: HTTPBin
    private let log = RequestLog()

    init() throws { server = try HTTPBin() }

    /// Opens a path with the credentials, and says the status and how many requests it took.
    private func open(_ opener: URLOpener, _ path: String, _ userInformation: String = "") throws -> (Int, Int) {
        do throws(OpenError) {
            let url = server.url(path, userInformation: userInformation)
            let response = try opener.openBlocking(url, timeout: .seconds(20))
            _ = try response.body.collect(upTo: 10_000)
            return (response.status, log.take().count)
        } catch {
            guard let status = error.blockingResponse?.status, error.code == .httpStatus else { throw error }
            return (status, log.take().count)
        }
    }

    private static let pairs = [
        ("user", "passwd"), ("u", "p"), ("Mufasa", "Circle-of_Life~."), ("a!b$c", "d'(e)*"), ("k+l,m", ";n=o@p"),
        ("1", "0"),
        ("q&r", "s.t"), ("basic", "Basic"), ("realm=x", "nonce=y"), ("x-y", "-"), ("auth", "auth-int"),
        ("UPPER", "lower"),
        ("a" + String(repeating: "b", count: 200), String(repeating: "c", count: 300)),
    ]

    /// Each name and password: challenged, then unasked with the same nonce, then a wrong password that is tried once.
    @Test(arguments: [("auth", "MD5"), ("auth", "SHA-256"), ("both", "MD5"), ("both", "SHA-256")])
    func digest(_ quality: String, _ algorithm: String) throws {
        for (user, password) in Self.pairs {
            let path = "/digest-auth/\(quality)/\(user)/\(password)/\(algorithm)"
            let passwords = Authentication.passwords(
                server.url("/"), realm: "me@kennethreitz.com", user: user, password: password)
            let opener = URLOpener(DigestAuthHandler(passwords), log)
            #expect(try open(opener, path) == (200, 2))
            #expect(try open(opener, path) == (200, 1))
            let wrong = Authentication.passwords(server.url("/"), user: user, password: password + "x")
            #expect(try open(URLOpener(DigestAuthHandler(wrong), log), path) == (401, 2))
        }
    }

    @Test(arguments: [("auth-int", "MD5"), ("auth", "SHA-512")])
    func refusesWhatItCannotAnswer(_ quality: String, _ algorithm: String) throws {
        let opener = URLOpener(DigestAuthHandler(Authentication.passwords(server.url("/"))), log)
        let error = #expect(throws: OpenError.self) {
            try open(opener, "/digest-auth/\(quality)/Mufasa/Circle/\(algorithm)")
        }
        #expect(error?.code == .unsupportedChallenge && error?.blockingResponse?.status == 401 && log.take().count == 1)
    }

    /// A nonce that becomes stale at once, and one that does after a request. httpbin keeps count in cookies.
    @Test func staleNonce() throws {
        let passwords = Authentication.passwords(server.url("/"), user: "u", password: "p")
        let always = URLOpener(DigestAuthHandler(passwords), CookieEcho(), log)
        #expect(try open(always, "/digest-auth/auth/u/p/SHA-256/0") == (401, 3))
        let once = URLOpener(DigestAuthHandler(passwords), CookieEcho(), log)
        #expect(try open(once, "/digest-auth/auth/u/p/MD5/1") == (200, 2))
        // The nonce known is too old: a challenge, and an answer to that.
        #expect(try open(once, "/digest-auth/auth/u/p/MD5/1") == (200, 2))
    }

    @Test func basic() throws {
        for (user, password) in Self.pairs {
            let path = "/basic-auth/\(user)/\(password)"
            let passwords = Authentication.passwords(
                server.url("/"), realm: "Fake Realm", user: user, password: password)
            #expect(try open(URLOpener(BasicAuthHandler(passwords), log), path) == (200, 2))
            let wrong = Authentication.passwords(server.url("/"), user: user, password: password + "x")
            #expect(try open(URLOpener(BasicAuthHandler(wrong), log), path) == (401, 2))
            // This one never asks, and denies its existence to those who do not know.
            let hidden = "/hidden-basic-auth/\(user)/\(password)"
            #expect(try open(URLOpener(BasicAuthHandler(passwords), log), hidden) == (404, 1))
            let prior = PasswordManager(priorAuthentication: true)
            prior.add(realm: nil, uri: server.url(hidden), user: user, password: password, isAuthenticated: true)
            #expect(try open(URLOpener(BasicAuthHandler(prior), log), hidden) == (200, 1))
        }
    }

    /// Names and passwords in the URL, percent-encoded.
    @Test(arguments: [("/basic-auth/a@b/c%20d", "c%20d"), ("/digest-auth/auth/a@b/c:d", "c%3Ad")])
    func credentialsOfTheURL(_ path: String, _ password: String) throws {
        let opener = URLOpener(log)
        #expect(try open(opener, path, "a%40b:\(password)@") == (200, 2))
        #expect(try open(opener, path, "a%40b:wrong@") == (401, 2))
        #expect(try open(opener, path) == (401, 1))
    }
}
