import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// A secret in every place that takes one: never at another origin, never in anything that is printed.
@Suite(.watchdog) struct CanaryTests {
    static let canary = "c4n4ry"

    /// Where a secret is in all that a program might print of a value, with what stands around it; nil where it is not.
    ///
    /// Not all of the text: what a process of its own reports goes through a pipe that nobody reads before its end.
    static func leak(_ values: Any?..., secret: String = canary) -> String? {
        let text = printed(values)
        guard let place = text.utf8.ranges(of: secret.utf8).first else { return nil }
        return String(decoding: text.utf8[..<place.upperBound].suffix(200), as: UTF8.self)
    }

    private static func printed(_ values: [Any?]) -> String {
        var text = ""
        for value in values {
            text += "\(value as Any)" + String(reflecting: value)
            dump(value, to: &text)
        }
        return text
    }

    /// All redirects, as the matrix says, in a process of its own, which prints nothing of it either.
    @Test(arguments: Face.allCases)
    func staysAtItsOrigin(_ face: Face) async throws {
        let result = try await #require(
            processExitsWith: .success, observing: [\.standardOutputContent, \.standardErrorContent]
        ) { [isTasks = (face == .tasks) as Bool] in
            let server = try OriginServer()
            for redirect in CanaryRedirect.all { try await redirect.check(isTasks ? .tasks : .threads, server) }
        }
        let shown = String(decoding: result.standardOutputContent + result.standardErrorContent, as: UTF8.self)
        #expect(Self.leak(shown) == nil)
    }

    /// What a proxy is told goes to it alone: not to the servers behind it, and not where the next hop needs no proxy.
    @Test(
        .enabled(if: ProxyProgram.areInstalled, "tinyproxy or dante is lacking; scripts/test installs both"),
        arguments: Face.allCases)
    func staysAtTheProxy(_ face: Face) async throws {
        let server = try OriginServer()
        let tinyproxy = try ProxyProgram.tinyproxy(tunnelsTo: server.port(.secure), ("klem", Self.canary))
        let proxy = try Proxy("http://klem:\(Self.canary)@127.0.0.1:\(tinyproxy.port)")
        let (plain, secure) = (server.port(.plain), server.port(.secure))
        var configuration = URLOpener.Configuration()
        configuration.tls.trust = server.configuration.tls.trust
        let everywhere = ProxyHandler(.fixed(proxy))
        let once = ProxyHandler(.custom { $0.contains("/start") ? proxy : nil })
        for handler in [everywhere, once] {
            let opener = URLOpener(handler, RedirectHandler(allowsInsecure: true), configuration: configuration)
            for (from, to) in [
                ("http://127.0.0.1:\(plain)", "https://localhost:\(secure)"),
                ("https://localhost:\(secure)", "http://127.0.0.1:\(plain)"),
                ("http://127.0.0.1:\(plain)", "http://localhost:\(plain)"),
            ] {
                var request = try URLOpener.Request("\(from)/start?302&\(to)/end")
                try request.addField("Authorization", "own")
                let error = await #expect(throws: OpenError.self) { try await face.open(opener, request) }
                #expect(error?.status == 401 && error?.url == "\(to)/end", "\(error as Any)")
                let notes = try server.notes()
                #expect(notes.count == 2 && notes.first?.text.contains("Authorization: own") == true, "\(notes)")
                for note in notes {
                    #expect(!note.text.contains("Proxy-Authorization") && !note.text.contains(Self.canary))
                }
                for secret in [Self.canary, proxy.credentials?.basicAuthorization ?? ""] {
                    let values: [Any?] = [error, AnyResponse(error)?.head, opener, request, proxy, handler]
                    for value in values { #expect(Self.leak(value, secret: secret) == nil) }
                }
            }
        }
    }

    @Test(arguments: Face.allCases)
    func errorsOfEveryPhaseAreClean(_ face: Face) async throws {
        let server = try RawServer { connection in
            guard let request = connection.readRequest() else { return }
            switch request.dropFirst(5).prefix(1) {
            case "1": connection.send("garbage")
            case "2": connection.send("HTTP/1.1 302 Found\r\nLocation: http://u:\(Self.canary)@h:x/\r\n\r\n")
            case "3": connection.send("HTTP/1.1 302 Found\r\nLocation: ftp://u:\(Self.canary)@h/\r\n\r\n")
            case "4": connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            default: return
            }
        }
        for path in 0..<5 {
            var request = try URLOpener.Request("http://klem:\(Self.canary)@127.0.0.1:\(server.port)/\(path)")
            try request.addField("Authorization", Self.canary)
            try request.addField("X-Sensitive", Self.canary, sensitive: true)
            request.body = .bytes(Array(Self.canary.utf8))
            let error = await #expect(throws: OpenError.self) {
                _ = try await face.open(URLOpener(), request).body.read(9)
            }
            #expect(Self.leak(error, AnyResponse(error)?.head) == nil)
        }
        for url in [
            "http://u:\(Self.canary)@h:x/", "ftp://u:\(Self.canary)@h/", "u:\(Self.canary)@h",
            "http://a:\(Self.canary)@ /", "gopher://u:\(Self.canary)@h/", "mem:///u:\(Self.canary)@h/",
        ] {
            let error = await #expect(throws: OpenError.self) { try await face.open(URLOpener(), url) }
            #expect(Self.leak(error) == nil)
        }
    }
}
