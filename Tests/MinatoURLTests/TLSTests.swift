import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Whom an opener believes, against Python's ssl and certificates made by openssl.
@Suite(.watchdog) struct TLSTests {
    /// Serves the client's port with a certificate, or at `/session` whether its handshake was a short one; further arguments: the versions of TLS to speak, a CA whose certificates are demanded.
    private static let program = """
        import http.server, socket, ssl, sys, threading
        name, versions, clients = sys.argv[1:4]
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def handle(self):
                try:
                    super().handle()
                except ssl.SSLError:
                    # Closing with unread bytes would reset the connection, maybe before the client has read the alert.
                    with socket.socket(fileno=self.request.detach()) as plain:
                        plain.shutdown(socket.SHUT_WR)
                        while plain.recv(4096): pass
            def do_GET(self):
                body = str(self.client_address[1]).encode()
                self.send_response(302 if self.path == '/away' else 200)
                if self.path == '/away': self.send_header('Location', sys.argv[4])
                if self.path == '/session':
                    body = b'old' if self.request.session_reused else b'new'
                    self.send_header('Connection', 'close')
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                # A connection that ends without a word leaves no session (RFC 5246, 7.2.1).
                if self.path == '/session': self.request.unwrap()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(name + '.pem', name + '.key')
        if versions == 'old':
            context.set_ciphers('ALL:@SECLEVEL=0')
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        if versions == '1.2': context.maximum_version = ssl.TLSVersion.TLSv1_2
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_port)
        sys.stdin.read()
        """

    private func server(
        _ certificate: String, versions: String = "", clients: String = "", location: String = ""
    ) throws -> PythonServer {
        try PythonServer(Self.program, certificate, versions, clients, location)
    }

    private func opener(_ change: (inout URLOpener.TLS) -> Void) -> URLOpener {
        var configuration = URLOpener.Configuration()
        change(&configuration.tls)
        return URLOpener(configuration: configuration)
    }

    private func url(_ server: PythonServer) -> String { server.url(scheme: "https") }

    @Test(arguments: Face.allCases)
    func verifiesWhoIsThere(_ face: Face) async throws {
        let certificates = try TestCertificates()
        let server = try server(certificates.issue("right"))
        let text = try ChildProcess(["cat", certificates.authority]).readToEnd()
        for trust in [URLOpener.TLS.Trust.file(certificates.authority), .pem(text)] {
            let opener = opener { $0.trust = trust }
            let response = try await face.open(opener, url(server))
            #expect(response.head.head.connection.isPeerVerified)
            let port = try await response.body.collect(upTo: 9)
            let again = try await face.open(opener, "https://127.0.0.1:\(server.port)/x")
            #expect(try await again.body.collect(upTo: 9) == port)
        }
    }

    /// Each reason has its own code: the certificate, the versions that the server speaks, and what the system trusts.
    @Test(arguments: Face.allCases)
    func refusesOthers(_ face: Face) async throws {
        let certificates = try TestCertificates()
        try certificates.makeAuthority("stranger")
        let rows: [(PythonServer, OpenError.Code, URLOpener.TLS.Trust)] = [
            (
                try server(certificates.issue("wrong", for: "DNS:other.example")), .tlsWrongName,
                .file(certificates.authority)
            ),
            (
                try server(certificates.issue("old", valid: ("20200101000000Z", "20200201000000Z"))), .tlsExpired,
                .file(certificates.authority)
            ),
            (
                try server(certificates.issue("early", valid: ("20980101000000Z", "20990101000000Z"))), .tlsExpired,
                .file(certificates.authority)
            ),
            (
                try server(certificates.issue("foreign", by: "stranger")), .tlsUnknownIssuer,
                .file(certificates.authority)
            ),
            (try server(certificates.issue("right")), .tlsUnknownIssuer, .system),
            (try server(certificates.issue("right"), versions: "old"), .tlsTooOld, .file(certificates.authority)),
            (try server(certificates.issue("right")), .tlsConfiguration, .file("/nowhere")),
        ]
        for (server, code, trust) in rows {
            let error = await #expect(throws: OpenError.self) {
                try await face.open(opener { $0.trust = trust }, url(server))
            }
            #expect(error?.code == code && error?.operation == .connect, "\(error as Any)")
        }
        let modern = opener {
            $0.trust = .file(certificates.authority)
            $0.minimumVersion = .tls13
        }
        let old = try server(certificates.issue("right"), versions: "1.2")
        let error = await #expect(throws: OpenError.self) { try await face.open(modern, url(old)) }
        #expect(error?.code == .tlsTooOld, "\(error as Any)")
    }

    /// A configuration that cannot be meant is refused before anything is connected to.
    @Test(arguments: Face.allCases, [URLOpener.TLS.Trust.file(""), .file("a\0b"), .pem(""), .pem("-----BEGIN\0")])
    func refusesWhatIsNoTrust(_ face: Face, _ trust: URLOpener.TLS.Trust) async throws {
        let server = try RawServer { _ in }
        let error = await #expect(throws: OpenError.self) {
            try await face.open(opener { $0.trust = trust }, "https://127.0.0.1:\(server.port)/")
        }
        #expect(error?.code == .badRequest && error?.operation == .prepare, "\(error as Any)")
        #expect(server.peers.isEmpty)
    }

    @Test(arguments: Face.allCases)
    func plainServersAreNoTLSServers(_ face: Face) async throws {
        let server = try RawServer { connection in
            _ = connection.readByte()
            connection.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        let error = await #expect(throws: OpenError.self) {
            try await face.open(URLOpener(), "https://127.0.0.1:\(server.port)/")
        }
        #expect(error?.code == .tlsHandshakeFailed && error?.operation == .connect, "\(error as Any)")
    }

    @Test(arguments: Face.allCases)
    func showsItsCertificate(_ face: Face) async throws {
        let certificates = try TestCertificates()
        let server = try server(certificates.issue("right"), clients: certificates.authority)
        let me = try certificates.issue("me")
        let known = opener {
            $0.trust = .file(certificates.authority)
            $0.clientCertificate = .init(certificate: me + ".pem", key: me + ".key")
        }
        #expect(try await face.open(known, url(server)).status == 200)
        let unknown = opener { $0.trust = .file(certificates.authority) }
        let error = await #expect(throws: OpenError.self) { try await face.open(unknown, url(server)) }
        #expect(error?.code == .tlsCertificateRequired, "\(error as Any)")
        let broken = opener {
            $0.trust = .file(certificates.authority)
            $0.clientCertificate = .init(certificate: "/nowhere", key: me + ".key", password: "canary")
        }
        let other = await #expect(throws: OpenError.self) { try await face.open(broken, url(server)) }
        #expect(other?.code == .tlsConfiguration, "\(other as Any)")
        var text = "\(other as Any)"
        dump(broken.configuration, to: &text)
        #expect(!text.contains("canary"))
    }

    @Test(arguments: Face.allCases)
    func pinsKeys(_ face: Face) async throws {
        let certificates = try TestCertificates()
        let server = try server(certificates.issue("right"))
        _ = try certificates.issue("other")
        let (right, other) = (try certificates.keyHash("right"), try certificates.keyHash("other"))
        func pinning(_ keys: [String]) -> URLOpener {
            opener {
                $0.trust = .file(certificates.authority)
                $0.pinnedKeys = keys
            }
        }
        #expect(try await face.open(pinning([other, right]), url(server)).status == 200)
        let error = await #expect(throws: OpenError.self) { try await face.open(pinning([other]), url(server)) }
        #expect(error?.code == .tlsPinMismatch, "\(error as Any)")
        for key in ["", "sha256//" + right, right + ";", String(right.dropLast())] {
            let error = await #expect(throws: OpenError.self) { try await face.open(pinning([key]), url(server)) }
            #expect(error?.code == .badRequest)
        }
    }

    /// A new connection takes up the session of one before: of the same opener, and with the same demands on the certificate.
    @Test(arguments: Face.allCases, ["1.2", "1.3"])
    func sessionsAreTakenUp(_ face: Face, _ versions: String) async throws {
        let certificates = try TestCertificates()
        let server = try server(certificates.issue("right"), versions: versions)
        let opener = certificates.opener()
        func session(_ opener: URLOpener, isVerified: Bool = true) async throws -> String {
            var request = try URLOpener.Request(server.url("/session", scheme: "https"))
            request.skipsPeerVerification = !isVerified
            return String(decoding: try await face.open(opener, request).body.collect(upTo: 9), as: UTF8.self)
        }
        #expect(try await session(opener, isVerified: false) == "new")
        #expect(try await session(opener) == "new")
        #expect(try await session(opener) == "old")
        #expect(try await session(opener, isVerified: false) == "old")
        #expect(try await session(certificates.opener()) == "new")
    }

    /// Skipping is for one request: neither its connection nor its session serves one that verifies, and it ends with the origin.
    @Test(arguments: Face.allCases)
    func skippingIsForOneRequest(_ face: Face) async throws {
        let certificates = try TestCertificates()
        let target = try server(certificates.issue("right"))
        let server = try server(certificates.issue("right"), location: url(target))
        let opener = URLOpener()
        var request = try URLOpener.Request(url(server))
        request.skipsPeerVerification = true
        #expect(request.description == "GET \(url(server)) (PEER NOT VERIFIED)")
        for _ in 0..<2 {
            let response = try await face.open(opener, request)
            #expect(!response.head.head.connection.isPeerVerified)
            _ = try await response.body.collect(upTo: 9)
            let error = await #expect(throws: OpenError.self) { try await face.open(opener, url(server)) }
            #expect(error?.code == .tlsUnknownIssuer)
        }
        try request.setURL(server.url("/away", scheme: "https"))
        let error = await #expect(throws: OpenError.self) { try await face.open(opener, request) }
        #expect(error?.code == .tlsUnknownIssuer && error?.url == url(target))
    }
}
