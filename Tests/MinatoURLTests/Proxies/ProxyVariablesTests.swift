import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// libcurl would read the environment by itself. A process of its own for each test: variables are the whole process's.
@Suite(.watchdog) struct ProxyVariablesTests {
    private static func open(_ opener: URLOpener, _ url: String) async throws {
        for face in Face.allCases {
            let response = try await face.open(opener, url)
            let body = try await response.body.collect(upTo: 9)
            #expect(body == Array("page".utf8))
        }
    }

    /// Where nothing listens.
    private static func setUselessProxies() {
        for name in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"] {
            unsafe setenv(name, "http://127.0.0.1:1", 1)
        }
    }

    /// An opener that takes the proxies of the environment, which is the default, and the one of `urlopen`.
    @Test func theDefaultIsTheEnvironment() async {
        await #expect(processExitsWith: .success) {
            let proxy = try RawServer { connection in connection.answerAll { _ in okay("page") } }
            unsafe setenv("http_proxy", "http://127.0.0.1:\(proxy.port)", 1)
            try await Self.open(URLOpener(), "http://h.invalid/")
            try await Self.open(URLOpener.installed, "http://h.invalid/")
            #expect(proxy.requests.count { $0.hasPrefix("GET http://h.invalid/ HTTP/1.1\r\n") } == 4)
        }
    }

    @Test func itIsReadWhenTheOpenerIsMade() async {
        await #expect(processExitsWith: .success) {
            let server = try RawServer { connection in connection.answerAll { _ in okay("page") } }
            let opener = URLOpener()
            Self.setUselessProxies()
            try await Self.open(opener, server.url())
            let later = #expect(throws: OpenError.self) { try URLOpener().openBlocking(server.url()) }
            #expect(later?.code == .connectionRefused)
        }
    }

    /// libcurl does not read it behind our back.
    @Test func noneMeansNone() async {
        await #expect(processExitsWith: .success) {
            Self.setUselessProxies()
            let server = try RawServer { connection in connection.answerAll { _ in okay("page") } }
            try await Self.open(URLOpener(ProxyHandler(.none)), server.url())
            #expect(server.requests.map { $0.hasPrefix("GET / HTTP/1.1\r\n") } == [true, true])
        }
    }

    @Test func aRouteOfOnesOwnComesFirst() async {
        await #expect(processExitsWith: .success) {
            Self.setUselessProxies()
            let server = try RawServer { connection in connection.answerAll { _ in okay("page") } }
            var configuration = URLOpener.Configuration()
            configuration.network.route("mahler", 8092, to: .tcp("127.0.0.1", server.port))
            let opener = URLOpener(configuration: configuration)
            try await Self.open(opener, "http://mahler:8092/")
            let other = #expect(throws: OpenError.self) { try opener.openBlocking("http://mahler/") }
            #expect(other?.code == .connectionRefused)
        }
    }

    @Test func aMockKnowsNoEnvironment() async {
        await #expect(processExitsWith: .success) {
            unsafe setenv("http_proxy", "no:proxy:at:all@", 1)
            let mock = MockTransport { _ in .init(status: 200, body: Array("page".utf8)) }
            try await Self.open(URLOpener(transport: mock), "http://h/")
            #expect(mock.requests.map { $0.proxy == nil } == [true, true])
        }
    }

    @Test func noExceptionOfTheEnvironmentIsMade() async {
        await #expect(processExitsWith: .success) {
            for name in ["no_proxy", "NO_PROXY"] { unsafe setenv(name, "*", 1) }
            let proxy = try RawServer { connection in connection.answerAll { _ in okay("page") } }
            let opener = URLOpener(ProxyHandler(.fixed(try Proxy("http://127.0.0.1:\(proxy.port)"))))
            try await Self.open(opener, "http://127.0.0.1:1/")
            #expect(proxy.requests.map { $0.hasPrefix("GET http://127.0.0.1:1/ HTTP/1.1\r\n") } == [true, true])
        }
    }
}
