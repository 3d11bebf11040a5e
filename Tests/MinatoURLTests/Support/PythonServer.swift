import TestSupport

/// A program of Python's that serves, for tests against servers that nobody here wrote. It prints its port first.
final class PythonServer: Sendable {
    let port: Int
    private let process: ChildProcess

    struct StartError: Error {}

    /// Starts `python3 -c program` with arguments.
    ///
    /// - Parameter python: Another interpreter; see ``PythonPackages``.
    init(_ program: String, _ arguments: String..., python: String = "python3") throws {
        _ = InstalledOpener.isReplacedAtExit
        // Nobody reads its log of requests: without this it could fill its pipe and stop.
        let quiet = "import os, sys; sys.stderr = open(os.devnull, 'w')\n"
        process = try ChildProcess([python, "-u", "-c", quiet + program] + arguments)
        guard let line = process.readLine(), let port = Int(line) else { throw StartError() }
        self.port = port
    }

    private static let secureProgram = """
        import http.server, ssl, sys, threading
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def do_GET(self):
                self.send_response(200)
                self.send_header('Content-Length', '2')
                self.end_headers()
                self.wfile.write(b'ok')
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1] + '.pem', sys.argv[1] + '.key')
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_port)
        sys.stdin.read()
        """

    /// Answers each request with "ok", over TLS and HTTP/1.1.
    static func secure(_ certificate: String) throws -> PythonServer { try PythonServer(secureProgram, certificate) }

    /// A line that it prints after its port.
    func readLine() -> String? { process.readLine() }

    /// Writes to its standard input.
    func write(_ text: String) { process.write(text) }

    /// The URL of a path.
    func url(_ path: String = "/", scheme: String = "http") -> String { "\(scheme)://127.0.0.1:\(port)\(path)" }
}
