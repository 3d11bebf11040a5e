import TestSupport

@testable import MinatoURL

/// A proxy of Python's that is spoken to over TLS: it opens tunnels, answers http URLs itself, and notes what it is told.
final class TLSProxy: Sendable {
    let port: Int
    private let process: ChildProcess

    struct StartError: Error {}

    private static let program = """
        import base64, json, os, select, socket, ssl, sys, threading
        name, versions, clients, user = sys.argv[1:5]
        notes, ended, changed = [], [0], threading.Condition()
        def note(text):
            with changed: notes.append(text)
        def end():
            with changed:
                ended[0] += 1
                changed.notify_all()
        def head(stream):
            text = b''
            while not text.endswith(b'\\r\\n\\r\\n'):
                byte = stream.recv(1)
                if not byte: break
                text += byte
            return text.decode('latin-1')
        def relay(inner, outer):
            while True:
                for stream in [inner] if inner.pending() else select.select([inner, outer], [], [])[0]:
                    data = stream.recv(65536)
                    if not data: return
                    (outer if stream is inner else inner).sendall(data)
        def answer(stream):
            while text := head(stream):
                note(text)
                if user and f'Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}' not in text:
                    stream.sendall(b'HTTP/1.1 407 Who\\r\\nProxy-Authenticate: Basic realm=R\\r\\nContent-Length: 0\\r\\n\\r\\n')
                elif text.startswith('CONNECT '):
                    host, port = text.split()[1].rsplit(':', 1)
                    with socket.create_connection((host, int(port))) as outer:
                        stream.sendall(b'HTTP/1.1 200 Yes\\r\\n\\r\\n')
                        return relay(stream, outer)
                else:
                    stream.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\npage')
        def serve(connection):
            try:
                with socket.socket(fileno=os.dup(connection.fileno())) as plain, context.wrap_socket(
                        connection, server_side=True, do_handshake_on_connect=False) as stream:
                    try: stream.do_handshake()
                    except ssl.SSLError:
                        # Closed with bytes unread, it would be reset, and the alert might never arrive.
                        while plain.recv(65536): pass
                        return
                    shown = 'shown' if stream.getpeercert() else 'not shown'
                    note(f'handshake: {stream.selected_alpn_protocol()}, certificate {shown}')
                    answer(stream)
            except OSError: pass
            finally: end()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(name + '.pem', name + '.key')
        context.set_alpn_protocols(['h2', 'http/1.1'])
        if versions == 'old':
            context.set_ciphers('ALL:@SECLEVEL=0')
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        if versions == '1.2': context.maximum_version = ssl.TLSVersion.TLSv1_2
        if clients:
            asking, authority = clients.split(':')
            context.verify_mode = getattr(ssl, asking)
            context.load_verify_locations(authority)
        listener = socket.create_server(('127.0.0.1', 0))
        def accept():
            while True: threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        print(listener.getsockname()[1])
        for line in sys.stdin:
            with changed:
                changed.wait_for(lambda: ended[0] >= int(line), 60)
                print(json.dumps(notes))
        """

    /// Whether it asks for a certificate, and what it does without.
    enum Asking: String {
        case optional = "CERT_OPTIONAL"
        case required = "CERT_REQUIRED"
    }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - certificate: The files of its certificate and key, without `.pem` and `.key`.
    ///   - versions: `old` for TLS 1.0 and 1.1 only, `1.2` for nothing above, or empty.
    ///   - asking: Whether it asks who is there, by a certificate of the authority in a file.
    ///   - user: User name and password, `name:password`, that it wants by Basic, or empty.
    init(
        _ certificate: String, versions: String = "", asking: (Asking, authority: String)? = nil, user: String = ""
    ) throws {
        _ = InstalledOpener.isReplacedAtExit
        let clients = asking.map { "\($0.0.rawValue):\($0.authority)" } ?? ""
        process = try ChildProcess.python(Self.program, certificate, versions, clients, user)
        guard let line = process.readLine(), let port = Int(line) else { throw StartError() }
        self.port = port
    }

    var url: String { "https://127.0.0.1:\(port)" }

    /// What has come so far, in order: each handshake that succeeded, and each head.
    ///
    /// - Parameter count: Waits until so many connections have ended, failed handshakes among them.
    func notes(afterEndOf count: Int = 0) throws -> [String] {
        process.write("\(count)\n")
        guard let line = process.readLine() else { throw StartError() }
        return try JSONValue(parsing: Array(line.utf8)).elements.compactMap(\.text)
    }
}
