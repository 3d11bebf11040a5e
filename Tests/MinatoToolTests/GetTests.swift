import Glibc
import TestSupport
import Testing

@Suite("minato get", .watchdog)
struct GetTests {
    private static let content = (0..<5000).map { UInt8(ascii: "a") + UInt8($0 % 26) }

    /// Python's http.server; to a request `r` it answers what the expression gives: status, body, and a field's name and value.
    static func server(_ answer: String) throws -> (ChildProcess, url: String) {
        let process = try ChildProcess.python(
            """
            import http.server, sys
            answer = eval("lambda r: " + sys.argv[1])
            class H(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    status, body, name, value = answer(self)
                    self.send_response(status)
                    self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body.encode())
                def log_message(self, *a): pass
            s = http.server.HTTPServer(("127.0.0.1", 0), H); print(s.server_port); s.serve_forever()
            """, answer)
        return (process, "http://127.0.0.1:\(try #require(process.readLine()))/")
    }

    @Test("The first 300 bytes come from Python's http.server, or all, to standard output or a file")
    func httpServer() throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write("page.txt", Self.content)
        let server = try ChildProcess([
            "python3", "-u", "-m", "http.server", "0", "-b", "127.0.0.1", "-d", directory.path,
        ])
        let words = try #require(server.readLine()).split(separator: " ")
        let port = try #require(words.dropFirst(5).first)
        let url = "http://127.0.0.1:\(port)/page.txt"

        let first = try Tool.run("get", "--first", "300", url)
        #expect(first.status == 0)
        #expect(Array(first.output.utf8) == Array(Self.content.prefix(300)))
        #expect(try Array(Tool.run("get", url).output.utf8) == Self.content)
        #expect(try Tool.run("get", "--first", "0", url).output.isEmpty)

        let file = directory.file("out")
        let saved = try Tool.run("get", "--output", file, url)
        #expect(saved.status == 0 && saved.output.isEmpty && saved.errors.isEmpty)
        #expect(try ChildProcess(["cat", file]).readToEnd().utf8.elementsEqual(Self.content))

        let missing = try Tool.run("get", "--output", directory.file("none"), "http://127.0.0.1:\(port)/none")
        #expect(missing.status == 2)
        #expect(missing.errors.contains("404"))
        #expect(try ChildProcess(["ls", directory.path]).readToEnd() == "out\npage.txt\n", "no partial file is left")
    }

    @Test("The beginning goes into a file that appears when it is complete, with the mode of other new files")
    func firstToAFile() throws {
        let directory = try TemporaryDirectory()
        let (process, url) = try Self.server(#"(200, "abcdefghij", "X", "y")"#)
        let file = directory.file("out")
        for count in ["2", "0", "100"] {
            let saved = try Tool.run("get", "--first", count, "--output", file, url)
            #expect(saved.status == 0 && saved.output.isEmpty && saved.errors.isEmpty, "\(saved.errors)")
            let whole = try Tool.run("get", "--first", count, url).output
            #expect(try ChildProcess(["cat", file]).readToEnd() == whole && whole.utf8.count <= Int(count) ?? 0)
        }
        let other = directory.file("other")
        _ = try ChildProcess(["touch", other]).readToEnd()
        let modes = try ChildProcess(["stat", "-c", "%a", file, other]).readToEnd().split(separator: "\n")
        #expect(modes.count == 2 && modes.first == modes.last)
        let nowhere = try Tool.run("get", "--first", "2", "--output", directory.file("no/out"), url)
        #expect(nowhere.status != 0 && nowhere.errors.hasPrefix("minato: open \(directory.file("no/out")): No such"))
        let refused = try Tool.run("get", "--first", "2", "--output", file, "http://127.0.0.1:1/")
        #expect(refused.status != 0)
        #expect(try ChildProcess(["ls", directory.path]).readToEnd() == "other\nout\n", "no partial file is left")
        withExtendedLifetime(process) {}
    }

    @Test("Output that cannot be written, and cookies that cannot be kept, are errors")
    func cannotBeWritten() throws {
        let (process, url) = try Self.server(#"(200, "body", "Set-Cookie", "a=b")"#)
        let full = try ChildProcess(["sh", "-c", "exec '\(Tool.path)' get '\(url)' >/dev/full"])
        let errors = full.readErrors()
        #expect(full.wait() == 1 && errors == "minato: write standard output: No space left on device\n", "\(errors)")
        let directory = try TemporaryDirectory()
        let jar = directory.file("no/jar")
        let kept = try Tool.run("get", "--cookie-jar", jar, url)
        #expect(kept.status == 1 && kept.output == "body", "\(kept)")
        #expect(
            kept.errors.hasPrefix("minato: ") && kept.errors.contains("No such file or directory"), "\(kept.errors)")
        withExtendedLifetime(process) {}
    }

    @Test("nginx with Basic authentication: the right realm gets the page, a wrong realm sends no password")
    func nginx() throws {
        let site = try NginxSite(
            page: Self.content, realm: "PDQ Application", user: "klem", password: "kadidd!ehopper")
        let password = try site.directory.write("password", Array("kadidd!ehopper\n".utf8))
        let good = try Tool.run(
            "get", "--first", "300", "--user", "klem", "--password-file", password, "--realm", "PDQ Application",
            site.url)
        #expect(good.status == 0, "\(good.errors)")
        #expect(Array(good.output.utf8) == Array(Self.content.prefix(300)))
        #expect(try site.log(2) == ["- 401", "klem 200"])

        let wrong = try Tool.run(
            "get", "--user", "klem", "--password-file", password, "--realm", "Another Realm", site.url)
        #expect(wrong.status == 2)
        #expect(wrong.errors.contains("401"))
        #expect(try site.log(3) == ["- 401", "klem 200", "- 401"], "no password was sent")

        let piped = try Tool.run("get", "--user", "klem", "--password-file", "-", site.url, input: "kadidd!ehopper\r\n")
        #expect(piped.status == 0, "any realm, password from standard input: \(piped.errors)")
        let bad = try Tool.run("get", "--user", "klem", "--password-file", "-", site.url, input: "canary-secret")
        #expect(bad.status == 2)
        #expect(!bad.errors.contains("canary-secret") && !bad.output.contains("canary-secret"))
    }

    @Test("Where a server offers Digest and Basic, the password is not shown")
    func digest() throws {
        let (server, url) = try Self.server(
            """
            (200 if r.headers["Authorization"] else 401, r.headers["Authorization"] or "",
             "WWW-Authenticate", 'Basic realm="R", Digest realm="R", nonce="n", qop="auth"')
            """)
        defer { withExtendedLifetime(server) {} }
        let got = try Tool.run("get", "--user", "klem", "--password-file", "-", url, input: "canary")
        #expect(got.status == 0 && got.output.hasPrefix(#"Digest username="klem", realm="R", nonce="n", uri="/""#))
    }

    @Test("Fields are sent as given, and what is no field is refused")
    func headers() throws {
        let (echo, url) = try Self.server(#"(200, str(r.headers), "X", "")"#)
        defer { withExtendedLifetime(echo) {} }
        let sent = try Tool.run("get", "--header", "X-One: 1", "--header", "X-Two:  a: b", "--timeout", "20", url)
        #expect(sent.output.contains("X-One: 1\n") && sent.output.contains("X-Two: a: b\n"))
        #expect(try Tool.run("get", "--header", "nonsense", url).status == 64)
        #expect(try Tool.run("get", "--header", "Bad Name: x", url).status == 1)
        #expect(try Tool.run("get", "--header", "X: a\r\nY: b", url).status == 1)
    }

    @Test("Cookies of one run are sent by the next one, those of an error too; a file that is no jar is refused")
    func cookieJar() throws {
        let (server, url) = try Self.server(
            """
            (200 if r.path == "/" else 404, r.headers["Cookie"] or "none",
             "Set-Cookie", "lasting=1; Max-Age=9000" if r.path == "/" else "session=2")
            """)
        defer { withExtendedLifetime(server) {} }
        let directory = try TemporaryDirectory()
        let jar = directory.file("jar")
        #expect(try Tool.run("get", "--cookie-jar", jar, url).output == "none")
        #expect(try Tool.run("get", "--cookie-jar", jar, url + "missing").status == 2)
        let last = try Tool.run("get", "--cookie-jar", jar, url)
        #expect(last.output == "lasting=1; session=2" || last.output == "session=2; lasting=1", "\(last.errors)")
        #expect(try Tool.run("get", url).output == "none")

        let noJar = try directory.write("text", Array("no cookie\n".utf8))
        let refused = try Tool.run("get", "--cookie-jar", noJar, url)
        #expect(refused.status == 1 && refused.output.isEmpty)
        #expect(
            refused.errors.hasPrefix("minato: load \(noJar): line 1: ") && refused.errors.contains("(malformedLine)"))
    }

    @Test("A proxy is asked for the whole URL, and told its password, which is never printed")
    func proxy() throws {
        let (proxy, url) = try Self.server(
            """
            (200 if r.headers["Proxy-Authorization"] else 407, f"{r.path} {r.headers['Proxy-Authorization']}",
             "Proxy-Authenticate", 'Basic realm="P"')
            """)
        defer { withExtendedLifetime(proxy) {} }
        let address = String(url.dropFirst(7).dropLast())
        let got = try Tool.run("get", "--proxy", "http://klem:c4n4ry@\(address)", "http://h.invalid/x")
        #expect(got.status == 0 && got.output == "http://h.invalid/x Basic a2xlbTpjNG40cnk=", "\(got.errors)")
        #expect(try Tool.run("get", "--proxy", address, "http://h.invalid/x").status == 2)
        let wrong = try Tool.run("get", "--proxy", "ftp://klem:c4n4ry@\(address)", "http://h.invalid/x")
        #expect(wrong.status == 1 && wrong.errors.contains("(badProxy)"), "\(wrong.errors)")
        #expect(!wrong.errors.contains("c4n4ry"))
    }

    @Test("Without --proxy the environment's is asked, but for hosts that no_proxy names")
    func proxyOfTheEnvironment() throws {
        let (proxy, url) = try Self.server(#"(200, "by proxy: " + r.path, "X", "")"#)
        let (origin, originURL) = try Self.server(#"(200, "directly: " + r.path, "X", "")"#)
        defer { withExtendedLifetime((proxy, origin)) {} }
        let variables = ["http_proxy": url]
        #expect(
            try Tool.run("get", "http://h.invalid/x", environment: variables).output == "by proxy: http://h.invalid/x")
        #expect(try Tool.run("get", originURL + "x", environment: variables).output == "by proxy: \(originURL)x")
        for name in ["NO_PROXY", "no_proxy"] {
            let variables = ["http_proxy": url, name: "127.0.0.1"]
            #expect(try Tool.run("get", originURL + "x", environment: variables).output == "directly: /x")
        }
        let useless = ["http_proxy": "http://127.0.0.1:1", "NO_PROXY": "*"]
        let got = try Tool.run("get", "--proxy", url, "http://h.invalid/x", environment: useless)
        #expect(got.output == "by proxy: http://h.invalid/x", "the option is before the environment")
    }

    @Test("Wrong arguments and what cannot be reached or written")
    func errors() throws {
        #expect(try Tool.run("get", "--user", "u", "http://127.0.0.1:1/").status == 64)
        #expect(try Tool.run("get", "--realm", "r", "http://127.0.0.1:1/").status == 64)
        #expect(try Tool.run("get", "--first", "-1", "http://127.0.0.1:1/").status == 64)
        #expect(try Tool.run("get", "--resume", "http://127.0.0.1:1/").status == 64)
        #expect(try Tool.run("get", "--resume", "--output", "x", "--first", "1", "http://127.0.0.1:1/").status == 64)
        let refused = try Tool.run("get", "http://user:canary@127.0.0.1:1/")
        #expect(refused.status == 1)
        #expect(!refused.errors.contains("canary"))
        #expect(try Tool.run("get", "gopher://127.0.0.1/").status == 1)
        let noFile = try Tool.run("get", "--user", "u", "--password-file", "/nonexistent/x", "http://127.0.0.1:1/")
        #expect(noFile.status == 1)
        #expect(noFile.errors == "minato: open /nonexistent/x: No such file or directory\n")
    }
}
