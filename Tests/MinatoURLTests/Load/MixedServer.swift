import TestSupport

@testable import MinatoURL

/// What many requests of every kind are sent to: Python's http.server, and nginx with and without HTTP/2.
final class MixedServer: Sendable {
    /// Realm, user and password of what is behind Basic authentication.
    static let (realm, user, password) = ("Load", "klem", "kadidd!ehopper")
    /// The page of nginx.
    static let page = content(10_000, 7)

    let python: PythonServer
    let nginx: NginxSite
    let http2: HTTP2Server

    init() throws {
        python = try PythonServer(Self.program, "\(Self.user):\(Self.password)", Self.realm)
        nginx = try NginxSite(page: Self.page)
        // It goes away from each connection after a while, and some requests are sent again on another one.
        http2 = try HTTP2Server.nginx(
            "keepalive_requests 100; location ~ ^/(echo|missing)$ { proxy_pass http://127.0.0.1:\(python.port); client_max_body_size 10m; }"
        )
    }

    /// The bytes that belong to a size and a number, which no other request nearby has.
    static func content(_ size: Int, _ number: Int) -> [UInt8] {
        let start = number % 251
        return Array(base[start..<(start + size)])
    }

    private static let base = (0..<(1 << 20)).map { UInt8($0 % 251) }

    /// `/kind/size/number`.
    private static let program = """
        import base64, gzip, http.server, socketserver, sys, threading
        base = bytes(i % 251 for i in range(1 << 20))
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version, disable_nagle_algorithm, wbufsize = 'HTTP/1.1', True, -1
            def reply(self, status, body, *fields, length=True):
                self.send_response(status)
                for name, value in fields: self.send_header(name, value)
                if length: self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                if self.command != 'HEAD': self.wfile.write(body)
            def do_GET(self):
                kind, size, number = self.path[1:].split('/')
                size, start = int(size), int(number) % 251
                body = base[start:start + size]
                if kind == 'get': self.reply(200, body)
                elif kind == 'missing': self.reply(404, body)
                elif kind == 'encoded': self.reply(200, gzip.compress(body, 1), ('Content-Encoding', 'gzip'))
                elif kind == 'redirect': self.reply(302, b'x' * 100, ('Location', f'/get/{size}/{number}'))
                elif kind == 'chunked':
                    chunks = b''.join(b'%x\\r\\n%s\\r\\n' % (len(body[i:i + 1000]), body[i:i + 1000]) for i in range(0, size, 1000))
                    self.reply(200, chunks + b'0\\r\\n\\r\\n', ('Transfer-Encoding', 'chunked'), length=False)
                elif kind == 'end':
                    self.reply(200, body, ('Connection', 'close'), length=False)
                elif kind == 'private':
                    good = 'Basic ' + base64.b64encode(sys.argv[1].encode()).decode()
                    if self.headers['Authorization'] == good: self.reply(200, body)
                    else: self.reply(401, b'who?', ('WWW-Authenticate', f'Basic realm="{sys.argv[2]}"'))
                elif kind == 'half':
                    self.send_response(200)
                    self.send_header('Content-Length', str(2 * size + 1))
                    self.end_headers()
                    self.wfile.write(body)
                    self.leave()
                elif kind == 'silent': self.leave()
            def leave(self):
                self.wfile.flush()
                self.connection.recv(1)
                self.close_connection = True
            do_HEAD = do_GET
            def do_PUT(self):
                if 'Content-Length' in self.headers: body = self.rfile.read(int(self.headers['Content-Length']))
                else:
                    body = b''
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                if self.path == '/again': self.reply(307, b'', ('Location', '/echo'))
                else: self.reply(200 if self.path == '/echo' else 404, body)
            do_POST = do_PUT
        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads, request_queue_size = True, 128
            def handle_error(self, request, address): pass
        server = Server(('127.0.0.1', 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_port)
        sys.stdin.read()
        """
}
