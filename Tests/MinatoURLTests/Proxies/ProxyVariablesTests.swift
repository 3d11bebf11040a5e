import Glibc
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

    /// Nothing listens on port 1.
    @Test func noProxyOfTheEnvironmentIsUsed() async {
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"] {
                unsafe setenv(name, "http://127.0.0.1:1", 1)
            }
            let server = try RawServer { connection in connection.answerAll { _ in okay("page") } }
            try await Self.open(URLOpener(), server.url())
            #expect(server.requests.map { $0.hasPrefix("GET / HTTP/1.1\r\n") } == [true, true])
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
