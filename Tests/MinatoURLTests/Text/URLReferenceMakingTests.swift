import TestSupport
import Testing

@testable import MinatoURL

/// Made of components.
@Suite(.watchdog) struct URLReferenceMakingTests {
    @Test func joinsComponents() throws {
        let url = try URLReference(
            scheme: "http", user: "u", password: "p%40", host: "::1", port: 80, path: "/a", query: "q", fragment: "f")
        #expect(url.text == "http://u:p%40@[::1]:80/a?q#f")
        #expect(try URLReference(scheme: "http", host: "[v1.a]").text == "http://[v1.a]")
        #expect(try URLReference(host: "h", path: "", query: "", fragment: "").text == "//h?#")
        #expect(try URLReference(scheme: "file", host: "", path: "/etc").text == "file:///etc")
        #expect(try URLReference(password: "p", host: "h").text == "//:p@h")
        #expect(try URLReference().text == "" && URLReference(scheme: "mailto", path: "u@h").text == "mailto:u@h")
    }

    @Test func refusesWhatWouldBeReadOtherwise() {
        let wrong: [() throws -> URLReference] = [
            { try URLReference(scheme: "1a", path: "x") }, { try URLReference(scheme: "a:b") },
            { try URLReference(scheme: "") },
            { try URLReference(user: "u:v", host: "h") }, { try URLReference(user: "u/", host: "h") },
            { try URLReference(user: "u", host: "a@b") }, { try URLReference(host: "h/x") },
            { try URLReference(host: "h?") },
            { try URLReference(host: "h:80") }, { try URLReference(host: "[::1]:80") },
            { try URLReference(host: "a@b") },
            { try URLReference(host: "h", path: "x") }, { try URLReference(host: "h", path: "/x?y") },
            { try URLReference(path: "/x#y") }, { try URLReference(path: "//x") }, { try URLReference(path: "a:b") },
            { try URLReference(query: "a#b") }, { try URLReference(user: "u") }, { try URLReference(port: 80) },
            { try URLReference(host: "h", port: 65_536) }, { try URLReference(host: "h", port: -1) },
            { try URLReference(host: "h", path: "/\r\nX: y") },
            { try URLReference(host: "h", path: "/", fragment: "a b") },
        ]
        for (number, make) in wrong.enumerated() {
            let error = #expect(throws: OpenError.self, "\(number)") { try make() }
            #expect(error?.code == .badURL)
        }
    }

    /// Every text that is accepted is made of its components again.
    @Test func splitsAndJoins() throws {
        var generator = SeededGenerator(seed: 4)
        let pieces = [
            "http:", "//", "/", "?", "#", "@", ":", "[::1]", "80", "a", "B", ".", "..", "%41", "é", ";", "=", "&",
        ]
        var accepted = 0
        for _ in 0..<3000 {
            let text = generator.text(of: pieces, upTo: 10)
            #expect(URLSplit(text).text == text)
            guard let url = try? URLReference(text) else { continue }
            accepted += 1
            #expect(url.text == text)
            let parsed = try URLReference(url.removingUserInformation().text)
            #expect(parsed == url.removingUserInformation() && parsed.host == url.host && parsed.user == nil)
            // A colon that no port follows, and zeros before it, are of the text alone.
            guard url.authority?.hasSuffix(":") != true else { continue }
            let made = try URLReference(
                scheme: url.scheme, user: url.user, password: url.password, host: url.host, port: url.port,
                path: url.path, query: url.query, fragment: url.fragment)
            #expect(made.text.lowercased() == text.lowercased())
        }
        #expect(accepted > 500)
    }

    /// What has been joined does not change when it is joined again, and is read as it was made.
    @Test func joiningIsIdempotent() throws {
        var generator = SeededGenerator(seed: 5)
        let pieces = ["http:", "g:", "//", "/", "/", "?", "#", "h", "a", "b", ".", "..", "./", "../", ";x", ":"]
        var joinings = 0
        while joinings < 2000 {
            // Joined with itself, it has lost the dot segments that an empty reference would leave.
            guard let page = try? URLReference(generator.text(of: pieces, upTo: 8)),
                let base = Optional(page.joined(page)),
                let reference = try? URLReference(generator.text(of: pieces, upTo: 8))
            else { continue }
            joinings += 1
            let once = base.joined(reference)
            #expect(try URLReference(once.text) == once && URLSplit(once.text) == once.split)
            if once.scheme != nil {
                #expect(base.joined(once) == once, "\(base.text) \(reference.text)")
                #expect(try once.joined("#").removingFragment() == once.removingFragment())
            }
        }
    }
}
