import TestSupport
import Testing

@testable import MinatoTool

/// `minato get --json`, read by Python.
@Suite("minato get --json", .watchdog)
struct GetJSONTests {
    /// What a Python expression makes of the output, which is one line, as `j`.
    private func python(_ expression: String, _ output: String) throws -> String {
        #expect(output.hasSuffix("\n") && output.count(where: \.isNewline) == 1)
        let process = try ChildProcess.python(
            "import json, sys; j = json.load(sys.stdin); print(eval(sys.argv[1]), end='')", expression)
        process.write(output)
        process.closeInput()
        let text = process.readToEnd()
        let errors = process.readErrors()
        #expect(errors.isEmpty, "\(errors)")
        return text
    }

    @Test("Every character comes back as it was, and controls go as escapes")
    func everyCharacter() throws {
        let directory = try TemporaryDirectory()
        var all = ""
        for number in UInt32(0)...0x10FFFF {
            if let scalar = Unicode.Scalar(number) { all.unicodeScalars.append(scalar) }
        }
        let text = JSON.string(all).text
        #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control })
        #expect(!text.unicodeScalars.contains { $0.value == 0x2028 || $0.value == 0x2029 })
        let file = try directory.write("json", Array(text.utf8))
        let process = try ChildProcess.python(
            """
            import json, sys
            want = ''.join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
            print(json.load(open(sys.argv[1], encoding='utf-8')) == want)
            """, file)
        #expect(process.readToEnd() == "True\n")
    }

    @Test("Values of every kind")
    func values() throws {
        let value = JSON.object([
            ("a", .array([.null, .integer(-3), .integer(.max), .number(0.25), .number(1e-7)])), ("\"", .object([])),
            ("b", .array([])), ("c", .string(nil)), ("d", .integer(nil)), ("e", .seconds(.milliseconds(1500))),
        ])
        #expect(
            try python("j", value.text + "\n")
                == "{'a': [None, -3, 9223372036854775807, 0.25, 1e-07], '\"': {}, 'b': [], 'c': None, 'd': None, 'e': 1.5}"
        )
    }

    @Test("The response: fields with duplicates, in order, whatever is in them; the body goes nowhere, or to the file")
    func response() throws {
        let (server, url) = try GetTests.server(
            #"(200, "hello", "X-Odd", 'a"b\\c\td' + chr(0x85) + 'é' + '\r\nx-odd: 2')"#)
        defer { withExtendedLifetime(server) {} }
        let address = String(url.dropFirst("http://".count).dropLast())
        let got = try Tool.run("get", "--json", "http://user:canary@\(address)/#part")
        #expect(got.status == 0 && got.errors.isEmpty && !got.output.contains("canary"), "\(got.errors)")
        #expect(try python("[*j]", got.output).split(separator: "'").count == 23)
        let summary =
            "j['url'], j['status'], j['reason'], j['httpVersion'], j['bytes'], j['resumedAt'], j['file'], j['error']"
        #expect(try python(summary, got.output) == "('\(url)#part', 200, 'OK', '1.0', 5, 0, None, None)")
        #expect(try python("j['remoteAddress']", got.output) == address)
        let odd = "[(f['name'], len(f['value']), f['value'][:6]) for f in j['fields'] if f['name'].lower() == 'x-odd']"
        #expect(try python(odd, got.output) == #"[('X-Odd', 9, 'a"b\\c\t'), ('x-odd', 1, '2')]"#)
        #expect(try python("[*j['timings']]", got.output).split(separator: "'").count == 13)
        #expect(try python("0 < j['timings']['firstByte'] <= j['timings']['total'] < 60", got.output) == "True")

        let directory = try TemporaryDirectory()
        let file = directory.file("out")
        let saved = try Tool.run("get", "--json", "--output", file, url)
        #expect(try python("j['file'], j['bytes']", saved.output) == "('\(file)', 5)")
        #expect(try ChildProcess(["cat", file]).readToEnd() == "hello")
        let first = try Tool.run("get", "--json", "--first", "2", url)
        #expect(try python("j['bytes'], j['error']", first.output) == "(2, None)")
    }

    @Test("Errors: with the response, where there is one; the exit status and the line on standard error stay")
    func errors() throws {
        let (server, url) = try GetTests.server(#"(404, "no", "X-One", "1")"#)
        defer { withExtendedLifetime(server) {} }
        let error =
            "j['error']['code'], j['error']['operation'], j['error']['status'], j['status'], j['bytes'], j['file']"
        let directory = try TemporaryDirectory()
        let missing = try Tool.run("get", "--json", "--output", directory.file("out"), url)
        #expect(missing.status == 2 && missing.errors.hasPrefix("minato: open \(url): 404 "))
        #expect(try python(error, missing.output) == "('httpStatus', 'open', 404, 404, None, None)")
        #expect(try python("[f['value'] for f in j['fields'] if f['name'] == 'X-One']", missing.output) == "['1']")
        #expect(try python("j['error']['detail']", missing.output) == "404 Not Found")

        let refused = try Tool.run("get", "--json", "http://user:canary@127.0.0.1:1/x")
        #expect(refused.status == 1 && !refused.output.contains("canary"))
        #expect(try python(error, refused.output) == "('connectionRefused', 'connect', None, None, None, None)")
        #expect(
            try python("j['url'], j['fields'], j['timings']", refused.output) == "('http://127.0.0.1:1/x', None, None)")

        let noFile = try Tool.run(
            "get", "--json", "--user", "u", "--password-file", "/nonexistent/x", "http://user:canary@127.0.0.1:1/")
        #expect(noFile.status == 1 && !noFile.output.contains("canary"))
        #expect(
            try python("j['error']['code'], j['error']['detail']", noFile.output)
                == "('fileFailed', 'open /nonexistent/x: No such file or directory')")
        let noURL = try Tool.run("get", "--json", "http://user:canary@[/")
        #expect(noURL.status == 1 && !noURL.output.contains("canary"))
        #expect(try python("j['error']['code']", noURL.output) == "badURL")
    }

    @Test("A body that breaks off: what is known of the response, and how far it came")
    func truncated() throws {
        let process = try ChildProcess.python(
            """
            import socket
            s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])
            while True:
                c, _ = s.accept(); c.recv(65536)
                c.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\nabc"); c.close()
            """)
        let url = "http://127.0.0.1:\(try #require(process.readLine()))/"
        let directory = try TemporaryDirectory()
        for file in [nil, directory.file("out")] {
            let got =
                if let file { try Tool.run("get", "--json", "--output", file, url) } else {
                    try Tool.run("get", "--json", url)
                }
            #expect(got.status == 1 && got.errors.contains("(truncated, "), "\(got.errors)")
            #expect(
                try python("j['status'], j['bytes'], j['file'], j['error']['code'], j['error']['status']", got.output)
                    == "(200, 3, None, 'truncated', None)")
        }
        #expect(try ChildProcess(["ls", directory.path]).readToEnd().isEmpty)
    }
}
