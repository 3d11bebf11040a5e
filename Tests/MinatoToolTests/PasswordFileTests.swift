import TestSupport
import Testing

@Suite("minato get --password-file", .watchdog)
struct PasswordFileTests {
    private static let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 4096)

    private func get(_ content: [UInt8], _ url: String) throws -> Tool.Outcome {
        let directory = try TemporaryDirectory()
        let file = try directory.write("password", content)
        return try Tool.run("get", "--user", "klem", "--password-file", file, url)
    }

    /// A part of the line used to be sent, or what replaced characters in it, or an empty password.
    @Test("What cannot be the password is an error, and nothing is sent")
    func refused() throws {
        let rows = [
            (Array("caf".utf8) + [0xE9, 10], "the first line is not UTF-8"),
            (Self.letters + Self.letters, "the first line is longer than 4096 bytes"),
            (Self.letters + [UInt8(ascii: "b"), 10], "the first line is longer than 4096 bytes"),
            ([], "there is no password in it"),
        ]
        for (content, reason) in rows {
            // What is sent there would be another error.
            let outcome = try get(content, "http://127.0.0.1:1/")
            #expect(outcome.status == 1)
            #expect(outcome.errors.hasPrefix("minato: read ") && outcome.errors.hasSuffix("/password: \(reason)\n"))
        }
    }

    @Test("An empty line is an empty password, and the longest one is sent whole, with its end or without")
    func sent() throws {
        let (server, url) = try GetTests.server(
            """
            (200 if r.headers["Authorization"] else 401,
             __import__("base64").b64decode((r.headers["Authorization"] or "").split(" ")[-1]).decode().replace("é", "E"),
             "WWW-Authenticate", 'Basic realm="R"')
            """)
        defer { withExtendedLifetime(server) {} }
        let longest = String(decoding: Self.letters, as: UTF8.self)
        for (line, password) in [("\n", ""), ("é\r\nx", "E"), (longest, longest), (longest + "\n", longest)] {
            #expect(try get(Array(line.utf8), url).output == "klem:\(password)")
        }
    }

    @Test("A file that cannot be read is an error")
    func unreadable() throws {
        let outcome = try Tool.run("get", "--user", "u", "--password-file", "/", "http://127.0.0.1:1/")
        #expect(outcome.status == 1)
        #expect(outcome.errors == "minato: read /: Is a directory\n")
    }
}
