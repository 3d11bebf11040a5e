import HTTPTypes
import Testing

@testable import MinatoURL

/// One redirect of the matrix: from where to where, by which status, of which method.
struct CanaryRedirect: Sendable {
    private typealias Origin = OriginServer.Origin

    private let status: Int
    private let method: String
    private let from: Origin
    private let to: Origin

    private static let ways: [(Origin, Origin)] = [
        (.plain, .plain), (.plain, .otherPort), (.plain, .otherHost), (.plain, .secure), (.secure, .plain),
        (.secure, .secure), (.secure, .otherSecureHost),
    ]

    static let all = [301, 302, 303, 307, 308].flatMap { status in
        ["GET", "POST"].flatMap { method in
            ways.map { CanaryRedirect(status: status, method: method, from: $0.0, to: $0.1) }
        }
    }

    /// What is wrong, in a few words: the first such ends the process, for what it reports goes through a pipe that nobody reads
    /// before its end.
    private struct Mismatch: Error {
        let text: String
    }

    private func expect(_ condition: Bool, _ text: @autoclosure () -> String) throws {
        if !condition { throw Mismatch(text: "\(name): \(text().prefix(1000))") }
    }

    private var name: String { "\(method) \(status) \(from) to \(to)" }
    private var start: String { "\(from.rawValue)/start?\(status)&\(to.rawValue)/end" }

    /// Over new connections, and then over the same ones: once with fields of the program's, once with what the library itself
    /// keeps, which are cookies and the user information of the URL.
    func check(_ face: Face, _ server: OriginServer) async throws {
        for hasOwnFields in [true, false] {
            let jar = CookieJar()
            let opener = URLOpener(
                CookieHandler(jar), RedirectHandler(allowsInsecure: true), configuration: server.configuration)
            var clients: Set<Int> = []
            for round in 0..<2 {
                let request = try request(hasOwnFields)
                let response = try await self.response(face, opener, request)
                let notes = try server.notes()
                try check(notes, hasOwnFields)
                for value in [response.head, request, opener, jar] as [Any] {
                    let leak = CanaryTests.leak(value)
                    try expect(leak == nil, leak ?? "")
                }
                if round == 0 { clients = Set(notes.map(\.client)) }
                try expect(round == 0 || clients.isSuperset(of: notes.map(\.client)), "not the same connections")
            }
        }
    }

    private func request(_ hasOwnFields: Bool) throws -> URLOpener.Request {
        let body: [UInt8]? = method == "POST" ? Array("body".utf8) : nil
        let url = hasOwnFields ? start : start.replacing("://", with: "://klem:c4n4ry-url@", maxReplacements: 1)
        var request = try URLOpener.Request(url, method: method, body: body)
        guard hasOwnFields else { return request }
        for name in ["Authorization", "Cookie", "Proxy-Authorization"] {
            try request.addField(name, "c4n4ry-\(name.lowercased())")
        }
        try request.addField("X-Sensitive", "c4n4ry-sensitive", sensitive: true)
        try request.addField("X-Once", "for-one-hop", unredirected: true)
        return request
    }

    /// The response, which at another origin is an error: it asks who is there, and is not told.
    private func response(
        _ face: Face, _ opener: URLOpener, _ request: URLOpener.Request
    ) async throws -> AnyResponse {
        let response: AnyResponse
        do throws(OpenError) {
            response = try await face.open(opener, request, timeout: .seconds(60))
        } catch {
            try expect(error.status == 401, "\(error)")
            response = try #require(AnyResponse(error))
            let leak = CanaryTests.leak(error)
            try expect(leak == nil, leak ?? "")
        }
        try expect(response.status == (from == to ? 200 : 401) && response.url == "\(to.rawValue)/end", response.url)
        _ = try await response.body.read(1)
        return response
    }

    private func check(_ notes: [OriginServer.Note], _ hasOwnFields: Bool) throws {
        let last = try #require(notes.last, "")
        // With user information an origin asks before it gets it.
        try expect(notes.allSatisfy { $0.origin == ($0.text.contains(" /start") ? from : to) }, "\(notes)")
        let token = PasswordManager.Credentials(user: "klem", password: "c4n4ry-url").basicAuthorization
        let own = ["authorization", "cookie", "proxy-authorization", "sensitive"].map { "c4n4ry-\($0)" }
        // They were there to be lost.
        let first = try #require(notes.last { $0.text.contains(" /start") }, "").text
        try expect((hasOwnFields ? own + ["for-one-hop"] : [token]).allSatisfy(first.contains), first)
        try expect(!last.text.contains("for-one-hop"), last.text)
        try expect(last.text.hasPrefix(method == "POST" && status <= 303 ? "GET" : method), last.text)
        if from == to {
            let expected = hasOwnFields ? own : [token, "c4n4ry-jar"]
            try expect(expected.allSatisfy(last.text.contains), last.text)
        } else {
            var secrets = own + [token, "c4n4ry-url", "Authorization"]
            // Cookies belong to a host, whatever its port and scheme (RFC 6265 section 8.5), but for those that are Secure.
            if from.host != to.host { secrets.append("c4n4ry-jar") }
            if from.host != to.host || !to.isSecure { secrets.append("c4n4ry-safe") }
            for secret in secrets { try expect(!last.text.contains(secret), last.text) }
        }
    }
}
