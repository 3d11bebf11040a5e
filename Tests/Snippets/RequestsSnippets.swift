import Minato
import TestSupport
import Testing

/// The code of the article "Opening URLs", second half: what is sent, and how an opener is set up.
@Suite("Opening URLs: the article, on requests", .watchdog)
struct RequestsSnippets {
    private func put(_ opener: URLOpener, key: String) async throws -> String {
        var request = try URLOpener.Request("http://api.example/items", method: "PUT", body: Array("[1, 2]".utf8))
        try request.setField("Content-Type", "application/json")
        try request.setField("X-Api-Key", key, sensitive: true)  // never shown, never sent elsewhere
        let response = try await opener.open(request)
        _ = response
        return String(reflecting: request)
    }

    @Test("A request with method, fields and body")
    func request() async throws {
        let mock = MockTransport { _ in .init(status: 200) }
        #expect(!(try await put(URLOpener(transport: mock), key: "s3cret")).contains("s3cret"))
        let sent = try #require(mock.requests.first)
        #expect(sent.method == "PUT" && sent.field("X-Api-Key") == "s3cret")
        #expect(sent.field("Content-Type") == "application/json" && text(sent.body?.bytes ?? []) == "[1, 2]")
        var request = try URLOpener.Request("http://h.example/", body: [])
        #expect(request.method == "POST")
        for name in ["Content-Length", "Transfer-Encoding", "a b"] {
            #expect(#expect(throws: OpenError.self) { try request.setField(name, "1") }?.code == .badRequest)
        }
        #expect(throws: OpenError.self) { try request.setField("A", "b\r\nC: d") }
    }

    private func forms(_ site: String, _ opener: URLOpener, png: [UInt8]) async throws {
        var request = try URLOpener.Request("\(site)/search")
        request.setForm(["q": "two ports", "page": "1"])  // POST q=two+ports&page=1

        var form = MultipartForm()
        try form.append("comment", "the old one")
        try form.append("map", fileName: "map.png", contentType: "image/png", content: .bytes(png))
        var upload = try URLOpener.Request("\(site)/upload")
        try upload.setForm(form)

        _ = try await opener.open(request)
        _ = try await opener.open(upload)
    }

    @Test("Forms")
    func forms() async throws {
        try await withSite { _ in
            okay("")
        } _: { site, seen in
            try await forms(site, URLOpener(), png: Array("a map".utf8))
            let sent = seen.all
            #expect(sent[0].hasPrefix("POST /search HTTP/1.1\r\n") && sent[0].hasSuffix("\r\n\r\nq=two+ports&page=1"))
            #expect(sent[0].contains("\r\nContent-Type: application/x-www-form-urlencoded\r\n"))
            #expect(sent[1].contains("\r\nContent-Type: multipart/form-data; boundary="))
            #expect(sent[1].contains("name=\"comment\"\r\n\r\nthe old one\r\n"))
            #expect(sent[1].contains("filename=\"map.png\"\r\nContent-Type: image/png\r\n\r\na map\r\n"))
        }
    }

    private func stream(_ rows: [Int], in request: inout URLOpener.Request) {
        request.body = .stream(length: nil) { writer in
            for row in rows { try await writer.write(Array("\(row)\n".utf8)) }
        }
    }

    private func pull(_ rows: [Int], in request: inout URLOpener.Request) {
        request.body = .blockingStream(length: nil) {
            var left = rows[...]
            return { left.popFirst().map { Array("\($0)\n".utf8) } ?? [] }
        }
    }

    @Test("Streams go out in chunks, each over the face that it is for")
    func streams() async throws {
        let server = try TCPServer(on: .tcp("127.0.0.1", 0))
        let serving = Task {
            try await server.serve { connection in
                let head = try await connection.read(until: Array("\r\n\r\n".utf8))
                let body = try await connection.read(until: Array("0\r\n\r\n".utf8))
                let isChunked = text(head).contains("\r\nTransfer-Encoding: chunked\r\n")
                try await connection.write(okay(isChunked ? "\(text(body).filter { "789".contains($0) })" : "no"))
            }
        }
        let url = "http://127.0.0.1:\(server.address.port ?? 0)/"
        var request = try URLOpener.Request(url)
        stream([7, 8, 9], in: &request)
        let opener = URLOpener()
        #expect(text(try await opener.open(request).body.collect(upTo: 9)) == "789")
        // It has begun, and says nothing of being restartable.
        #expect(request.body?.isRestartable == false)
        #expect(await openError { _ = try await opener.open(request) }?.code == .notRestartable)

        pull([7, 8, 9], in: &request)
        #expect(await openError { _ = try await opener.open(request) }?.code == .badRequest)
        let sent = request
        let answer = try await offload { () throws(OpenError) in
            try opener.openBlocking(sent).body.collect(upTo: 9)
        }
        #expect(text(answer) == "789")
        server.shutdown()
        try await serving.value
    }

    // MARK: - Configuration

    private func plain() -> URLOpener {
        var configuration = URLOpener.Configuration()
        configuration.decoding.isEnabled = false
        return URLOpener(configuration: configuration)
    }

    @Test("Without decoding, and with a Range, nothing compressed is asked for")
    func decoding() async throws {
        try await withSite { _ in
            okay("page")
        } _: { site, seen in
            _ = try await plain().open(site)
            var part = try URLOpener.Request(site)
            try part.setField("Range", "bytes=0-1")
            _ = try await URLOpener().open(part)
            _ = try await URLOpener().open(site)
            let asked = seen.all.map { $0.contains("\r\nAccept-Encoding: identity\r\n") }
            #expect(asked == [true, true, false])
            #expect(seen.all.last?.contains("\r\nAccept-Encoding: gzip, deflate") == true)
        }
    }

    private func elsewhere(_ port: Int, _ path: String) -> URLOpener {
        var configuration = URLOpener.Configuration()
        configuration.network.route("mahler", 8092, to: .tcp("127.0.0.1", port))  // a test
        configuration.network.route("docker", 80, to: .unix(path))  // http://docker/info
        configuration.network.source = .address("127.0.0.1")  // or .interface("eth0")
        let opener = URLOpener(configuration: configuration)
        return opener
    }

    @Test("Routes lead to a test's server and to a Unix socket, and the URL stays")
    func routes() async throws {
        let directory = try TemporaryDirectory()
        let server = try UnixStreamServer(on: .unix(directory.file("socket")))
        let serving = Task {
            try await server.serve { connection in
                _ = try await connection.read(until: Array("\r\n\r\n".utf8))
                try await connection.write(okay("{}"))
            }
        }
        try await withSite { _ in
            okay("page")
        } _: { site, seen in
            let opener = elsewhere(Int(site.split(separator: ":")[2]) ?? 0, directory.file("socket"))
            let response = try await opener.open("http://mahler:8092/site-updates.py")
            #expect(response.url == "http://mahler:8092/site-updates.py")
            #expect(seen.all.first?.contains("\r\nHost: mahler:8092\r\n") == true)
            #expect(text(try await opener.open("http://docker/info").body.collect(upTo: 9)) == "{}")
        }
        server.shutdown()
        try await serving.value
    }

    private func trying(_ mock: MockTransport) -> URLOpener {
        var configuration = URLOpener.Configuration()
        configuration.retries = .init(attempts: 4)
        configuration.retries.firstPause = .milliseconds(1)
        return URLOpener(transport: mock, configuration: configuration)
    }

    @Test("What is tried again, and that there is a budget")
    func retries() async throws {
        let refusing = MockTransport { request throws(OpenError) in
            throw OpenError(.connectionRefused, url: request.url, detail: "nobody listens")
        }
        #expect(
            await openError { _ = try await trying(refusing).open("http://h.example/") }?.code == .connectionRefused)
        #expect(refusing.requests.count == 4)
        let failing = MockTransport { _ in .init(status: 500) }
        #expect(await openError { _ = try await trying(failing).open("http://h.example/") }?.status == 500)
        #expect(failing.requests.count == 1)
        let busy = MockTransport { _ in .init(status: 503) }
        let opener = trying(busy)
        for _ in 0..<20 { _ = await openError { _ = try await opener.open("http://h.example/") } }
        // Twenty requests, ten retries to begin with, and one or two for twenty opens.
        #expect(busy.requests.count == 31 || busy.requests.count == 32, "\(busy.requests.count)")
    }

    private func trusting() -> URLOpener.Configuration {
        var configuration = URLOpener.Configuration()
        configuration.tls.trust = .file("/etc/company/ca.pem")  // and nobody else
        configuration.tls.minimumVersion = .tls13
        configuration.tls.clientCertificate = .init(certificate: "/etc/me/cert.pem", key: "/etc/me/key.pem")
        configuration.tls.pinnedKeys = ["ZdxYrx782jUCvfV2SF/fpT0y8u8Qisb+Ux8oqBcuPi4="]
        return configuration
    }

    private func unverified() throws -> URLOpener.Request {
        var request = try URLOpener.Request("https://192.0.2.7/status")
        request.skipsPeerVerification = true
        print(request)  // GET https://192.0.2.7/status (PEER NOT VERIFIED)
        return request
    }

    @Test("A request that accepts anybody says so, and an opener that trusts a file that is not there opens nothing")
    func trust() async throws {
        #expect(try unverified().description == "GET https://192.0.2.7/status (PEER NOT VERIFIED)")
        let opener = URLOpener(configuration: trusting())
        try await withSite { _ in
            okay("page")
        } _: { site, _ in
            let url = site.replacing("http:", with: "https:")
            let error = await openError { _ = try await opener.open(url) }
            #expect(error?.operation == .connect || error?.operation == .prepare, "\(error as Any)")
        }
    }
}
