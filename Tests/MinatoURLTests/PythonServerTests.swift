import TestSupport
import Testing

@testable import MinatoURL

/// Against Python's http.server, as on the page that all this follows.
@Suite(.watchdog) struct PythonServerTests {
    private static let program = """
        import base64, http.server, sys, threading
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def reply(self, status, body, *fields):
                self.send_response(status)
                for name, value in fields: self.send_header(name, value)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                if self.command != 'HEAD': self.wfile.write(body)
            def do_GET(self):
                if self.path == '/missing': return self.send_error(404)
                if self.path == '/redirect': return self.reply(302, b'x' * 100, ('Location', '/'))
                if self.path == '/port': return self.reply(200, str(self.client_address[1]).encode())
                if self.path == '/fields': return self.reply(200, str(self.headers).encode())
                if self.path.startswith('/private'):
                    good = 'Basic ' + base64.b64encode(b'klem:kadidd!ehopper').decode()
                    if self.headers['Authorization'] != good:
                        return self.reply(401, b'', ('WWW-Authenticate', 'Basic realm="PDQ Application"'))
                self.reply(200, bytes(range(256)) * 4, ('Set-Cookie', 'a=1'), ('Set-Cookie', 'b=2'))
            do_HEAD = do_GET
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                self.reply(201, self.headers['Content-Type'].encode() + b' ' + body)
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_port)
        sys.stdin.read()
        """

    private let server: PythonServer

    init() throws {
        server = try PythonServer(Self.program)
    }

    @Test(arguments: Face.allCases)
    func readsTheFirst300Bytes(_ face: Face) async throws {
        let response = try await face.open(URLOpener(), server.url("/#here"))
        #expect(response.head.status == 200 && response.head.reason == "OK" && response.head.httpVersion == "1.1")
        #expect(response.head.url == server.url("/#here"))
        #expect(response.head.fields[values: .setCookie] == ["a=1", "b=2"])
        #expect(response.head.fields[.contentLength] == "1024" && response.head.field("content-LENGTH") == "1024")
        #expect(response.head.field("no") == nil && response.head.field("no name") == nil)
        #expect(try await response.body.read(300) == (0..<300).map { UInt8($0 & 255) })
        #expect(try await response.body.collect(upTo: 724).count == 724)
        #expect(response.head.description == "200 OK \(server.url("/#here"))")
    }

    @Test(arguments: Face.allCases)
    func errorStatusIsAReadableResponse(_ face: Face) async throws {
        let error = await #expect(throws: OpenError.self) { try await face.open(URLOpener(), server.url("/missing")) }
        #expect(error?.description == "open \(server.url("/missing")): 404 Not Found (httpStatus)")
        let body = try await AnyResponse(error)?.body.collect(upTo: 10_000) ?? []
        #expect(String(decoding: body, as: UTF8.self).contains("404"))
    }

    @Test(arguments: Face.allCases)
    func signsIn(_ face: Face) async throws {
        let passwords = PasswordManager()
        passwords.add(
            realm: "PDQ Application", uri: server.url("/private"), user: "klem", password: "kadidd!ehopper")
        let opener = URLOpener(BasicAuthHandler(passwords))
        #expect(try await face.open(opener, server.url("/private/x")).status == 200)
        let error = await #expect(throws: OpenError.self) { try await face.open(URLOpener(), server.url("/private/x")) }
        #expect(error?.status == 401)
    }

    @Test(arguments: Face.allCases)
    func redirectsHeadAndPost(_ face: Face) async throws {
        let opener = URLOpener()
        let head = try URLOpener.Request(server.url("/redirect"), method: "HEAD")
        let response = try await face.open(opener, head)
        #expect(response.head.url == server.url("/") && response.head.fields[.contentLength] == "1024")
        #expect(try await response.body.collect(upTo: 0) == [])
        let posted = try await face.open(opener, URLOpener.Request(server.url(), body: Array("a=1&\0".utf8)))
        #expect(posted.status == 201)
        #expect(try await posted.body.read(99) == Array("application/x-www-form-urlencoded a=1&\0".utf8))
    }

    @Test(arguments: Face.allCases)
    func usesItsConnectionAgain(_ face: Face) async throws {
        let opener = URLOpener()
        var ports: Set<[UInt8]> = []
        for _ in 0..<3 { ports.insert(try await face.open(opener, server.url("/port")).body.collect(upTo: 10)) }
        #expect(ports.count == 1)
    }

    @Test(arguments: Face.allCases)
    func sendsFieldsAsTheyAre(_ face: Face) async throws {
        var request = try URLOpener.Request(server.url("/fields"))
        try request.addField("X-lower-UPPER", "v1")
        try request.addField("X-lower-UPPER", "v2")
        try request.addField("X-Empty", "")
        let body = try await face.open(URLOpener(), request).body.collect(upTo: 10_000)
        #expect(
            String(decoding: body, as: UTF8.self) == """
                Host: 127.0.0.1:\(server.port)
                X-lower-UPPER: v1
                X-lower-UPPER: v2
                X-Empty: 
                User-Agent: minato/0.1.0
                Accept-Encoding: \(CurlDecoder.acceptEncoding ?? "identity")


                """)
    }

    @Test func installsAnOpener() async throws {
        struct Teapot: OpenerHandler {
            func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
                if request.url.hasSuffix("/teapot") {
                    throw OpenError(.init(rawValue: "teapot"), url: request.url, detail: "installed")
                }
            }
        }
        let before = URLOpener.installed
        defer { URLOpener.install(before) }
        URLOpener.install(URLOpener(Teapot()))
        let error = #expect(throws: OpenError.self) { try urlopenBlocking("http://127.0.0.1/teapot") }
        #expect(error?.detail == "installed")
        let request = try URLOpener.Request("http://127.0.0.1/teapot")
        #expect(#expect(throws: OpenError.self) { try urlopenBlocking(request) }?.detail == "installed")
        for open in [{ try await urlopen(request) }, { try await urlopen(request.url) }] {
            let error = await #expect(throws: OpenError.self) { try await open() }
            #expect(error?.detail == "installed")
        }
    }
}
