import MinatoSocket
import TestSupport

@testable import MinatoURL

/// Python's http.server as several origins, which note all that comes to them: http and https, each for two names and, over
/// http, at two ports.
///
/// `/start?status&URL` asks who is there, sets two cookies, and then redirects; `/end` takes any Authorization.
final class OriginServer: Sendable {
    /// An origin, as its URL begins.
    enum Origin: String, CaseIterable, Sendable {
        case plain = "http://a.test"
        case otherPort = "http://a.test:81"
        case otherHost = "http://b.test"
        case secure = "https://a.test"
        case otherSecureHost = "https://b.test"

        var host: Substring { rawValue.split(separator: "/")[1].prefix { $0 != ":" } }
        var isSecure: Bool { rawValue.hasPrefix("https") }
        fileprivate var port: Int { isSecure ? 443 : self == .otherPort ? 81 : 80 }
    }

    private let certificates: TestCertificates
    private let process: ChildProcess
    private let ports: [Int]

    struct StartError: Error {}

    private static let program = """
        import http.server, json, os, ssl, sys, threading
        sys.stderr = open(os.devnull, 'w')
        notes, lock = [], threading.Lock()
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def answer(self):
                with lock: notes.append([self.server.number, self.client_address[1], self.requestline, str(self.headers)])
                self.rfile.read(int(self.headers.get('Content-Length', 0)))
                path, _, query = self.path.partition('?')
                status, _, target = query.partition('&')
                self.send_response(int(status) if path == '/start' and 'Authorization' in self.headers
                                   else 401 if 'Authorization' not in self.headers else 200)
                self.send_header('WWW-Authenticate', 'Basic realm="R"')
                if path == '/start':
                    self.send_header('Location', target)
                    self.send_header('Set-Cookie', 'jar=c4n4ry-jar')
                    if self.server.is_secure: self.send_header('Set-Cookie', 'safe=c4n4ry-safe; Secure')
                self.send_header('Content-Length', '0')
                self.end_headers()
            do_GET = do_POST = answer
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1] + '.pem', sys.argv[1] + '.key')
        servers = [http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) for _ in range(5)]
        for number, server in enumerate(servers):
            server.number, server.is_secure = number, number > 2
            if server.is_secure:
                server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            threading.Thread(target=server.serve_forever, daemon=True).start()
        print(*(server.server_port for server in servers))
        for line in sys.stdin:
            with lock: print(json.dumps(notes))
            notes.clear()
        """

    init() throws {
        _ = InstalledOpener.isReplacedAtExit
        certificates = try TestCertificates()
        let certificate = try certificates.issue("origins", for: "DNS:a.test,DNS:b.test,DNS:localhost,IP:127.0.0.1")
        process = try ChildProcess.python(Self.program, certificate)
        guard let line = process.readLine() else { throw StartError() }
        ports = line.split(separator: " ").compactMap { Int($0) }
    }

    /// The port at 127.0.0.1 behind an origin.
    func port(_ origin: Origin) -> Int { ports[Origin.allCases.firstIndex(of: origin) ?? 0] }

    /// A configuration that trusts it, and whose routes lead to it.
    var configuration: URLOpener.Configuration {
        var configuration = URLOpener.Configuration()
        configuration.tls.trust = .file(certificates.authority)
        for origin in Origin.allCases {
            configuration.network.route(
                String(origin.host), origin.port, to: .tcp("127.0.0.1", port(origin)))
        }
        return configuration
    }

    /// A request that has come.
    struct Note: Sendable {
        let origin: Origin
        let client: Int
        /// Request line and fields.
        let text: String
    }

    /// The requests since this was asked last.
    func notes() throws -> [Note] {
        process.write("\n")
        guard let line = process.readLine() else { throw StartError() }
        return try JSONValue(parsing: Array(line.utf8)).elements.compactMap { note in
            let parts = note.elements
            guard parts.count == 4, case .number(let origin) = parts[0], case .number(let client) = parts[1],
                let line = parts[2].text, let fields = parts[3].text
            else { return nil }
            return Note(origin: Origin.allCases[origin], client: client, text: line + "\n" + fields)
        }
    }
}
