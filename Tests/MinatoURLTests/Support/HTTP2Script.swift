import TestSupport

@testable import MinatoURL

/// A server that speaks HTTP/2 by a script, frame by frame, with h2 of Python: what a path is for is done to its stream.
///
/// | path | what the server does |
/// |---|---|
/// | `/small` | answers |
/// | `/whole` | the same, when the body of the request has come |
/// | `/held` | nothing, until it is told to go on; then it answers |
/// | `/part` | sends a head and `abc`; when it is told to go on, `def` |
/// | `/broken/E` | sends a head and `abc`; when it is told to go on, it ends the stream by the error E |
/// | `/full/K` | sends a body with its length: `abc` 1000 times, which K has as it is (`plain`) or in `gzip` |
/// | `/cut/K` | the same, but no more than 500 bytes; when it is told to go on, it ends the stream without an error |
/// | `/reset/E` | ends the stream by the error E |
/// | `/refused` | refuses the first of these, and answers the others |
/// | `/twice` | refuses the first of these, and ends the connection of the others |
/// | `/window` | refuses the first of these when it is told to go on, gives the others a window, and answers with their bodies |
/// | `/paced/N` | gives a window of N bytes eight times, each after 1.1 s, and answers when it has the body |
/// | `/large/N` | sends N bytes, as far as the windows allow |
/// | `/last/N` | the same; when it is told to go on, it ends the connection, and says so when the client's kernel has the end |
/// | `/sink` | takes the body of the request without giving back any window |
/// | `/ahead/S/H/B` | answers by the status S before the body of the request has come. H says what the head has: `length`, `open` for no length, `none` for no body. B says what becomes of the request's body: `take`, or `leave` to give no windows |
/// | `/early` | answers 404 before the body of the request has come, and ends the stream without an error |
/// | `/goAway/N/E` | answers, and goes away by the error E, without having looked at the last N streams |
/// | `/vanish` | ends the connection |
final class HTTP2Script: Sendable {
    let certificates: TestCertificates
    private let server: PythonServer

    /// - Parameters:
    ///   - streams: How many it allows at once.
    ///   - window: How many bytes of a body it allows at first.
    init(streams: Int = 100, window: Int = 65535) throws {
        certificates = try TestCertificates()
        server = try PythonServer(
            Self.program, try certificates.issue("server"), "\(streams)", "\(window)", python: PythonPackages.python)
    }

    func url(_ path: String) -> String { server.url("/" + path, scheme: "https") }

    /// An opener that trusts it.
    func opener(_ change: (inout URLOpener.Configuration) -> Void = { _ in }) -> URLOpener {
        certificates.opener(change)
    }

    /// Has the server go on with all streams that wait for it.
    func goOn() { server.write("\n") }

    /// Reads what the server says up to a line that begins so, and gives this one. It says, with the number of the connection and
    /// of the stream: `connection 0`, `request 0 1 /path`, `reset 0 1 ERROR`, `end 0`; `sent 0 1 COUNT` when the windows allow no
    /// more, `received 0 1 COUNT` when they allow the client none.
    func line(_ beginning: String) async throws -> String? {
        let server = server
        return try await Background {
            while let line = server.readLine() {
                if line.hasPrefix(beginning) || line.hasPrefix("fault") { return line }
            }
            return nil
        }.value
    }

    private static let program = """
        import gzip, hyperframe.frame, os, socket, ssl, struct, sys, threading, time
        import h2.config, h2.connection, h2.events, h2.exceptions, h2.settings
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1] + '.pem', sys.argv[1] + '.key')
        context.set_alpn_protocols(['h2'])
        lines, refused = threading.Lock(), []
        def say(*words):
            with lines: print(*words)
        class Connection:
            def __init__(self, stream, number):
                self.stream, self.number, self.lock = stream, number, threading.Lock()
                self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
                self.paths, self.left, self.sent, self.got, self.bodies = {}, {}, {}, {}, {}
                say('connection', number)
                self.h2.initiate_connection()
                codes = h2.settings.SettingCodes
                self.h2.update_settings({codes.MAX_CONCURRENT_STREAMS: int(sys.argv[2]), codes.INITIAL_WINDOW_SIZE: int(sys.argv[3])})
                self.flush()
            def flush(self):
                data = self.h2.data_to_send()
                if data: self.stream.sendall(data)
            def head(self, id, status=200, *fields):
                self.h2.send_headers(id, [(':status', str(status)), *fields])
            def answer(self, id, body, status=200):
                self.head(id, status)
                self.send(id, body)
            def send(self, id, body):
                self.left[id], self.sent[id] = memoryview(body), 0
                self.pump(id)
            def pump(self, id):
                body = self.left[id]
                while len(body) > 0:
                    room = min(self.h2.local_flow_control_window(id), self.h2.max_outbound_frame_size, len(body))
                    if room <= 0: break
                    self.h2.send_data(id, bytes(body[:room]), end_stream=room == len(body))
                    body = self.left[id] = body[room:]
                    self.sent[id] += room
                    self.flush()
                if len(body) > 0: say('sent', self.number, id, self.sent[id])
                else: del self.left[id]
            def begin(self, id, path):
                self.paths[id], self.got[id] = path, 0
                say('request', self.number, id, path)
                name, *rest = path[1:].split('/')
                if name == 'small': self.answer(id, b'small')
                elif name in ('part', 'broken'):
                    self.head(id)
                    self.h2.send_data(id, b'abc')
                elif name in ('large', 'last'):
                    self.head(id, 200, ('content-length', rest[0]))
                    self.send(id, bytes([7]) * int(rest[0]))
                elif name in ('full', 'cut'):
                    # Not made smaller, so that each of its bytes comes decoded at once.
                    body = gzip.compress(b'abc' * 1000, 0) if rest[0] == 'gzip' else b'abc' * 1000
                    encoding = [('content-encoding', 'gzip')] if rest[0] == 'gzip' else []
                    self.head(id, 200, ('content-length', str(len(body))), *encoding)
                    if name == 'full': self.send(id, body)
                    else: self.h2.send_data(id, body[:500])
                elif name == 'reset': self.h2.reset_stream(id, int(rest[0]))
                elif name in ('refused', 'twice'):
                    refused.append(id)
                    if len(refused) == 1: self.h2.reset_stream(id, 7)
                elif name == 'window':
                    refused.append(id)
                    self.bodies[id] = b''
                    if len(refused) > 1:
                        self.h2.increment_flow_control_window(1 << 20, id)
                        self.h2.increment_flow_control_window(1 << 20)
                elif name == 'paced': threading.Thread(target=self.pace, args=(id, int(rest[0])), daemon=True).start()
                elif name == 'ahead':
                    if rest[1] == 'none': self.h2.send_headers(id, [(':status', rest[0])], end_stream=True)
                    else:
                        self.head(id, rest[0], *([('content-length', '5')] if rest[1] == 'length' else []))
                        self.send(id, b'small')
                elif name == 'early':
                    self.answer(id, b'early', 404)
                    self.h2.reset_stream(id, 0)
                elif name == 'goAway':
                    # By hand, for h2 sends nothing more after it.
                    frame = hyperframe.frame.GoAwayFrame(0, max(0, id - 2 * int(rest[0])), int(rest[1]))
                    self.stream.sendall(frame.serialize())
                    self.answer(id, b'small')
            def pace(self, id, count):
                for _ in range(8):
                    time.sleep(1.1)
                    with self.lock:
                        self.h2.increment_flow_control_window(count, id)
                        self.h2.increment_flow_control_window(count)
                        self.flush()
            def go_on(self):
                with self.lock:
                    for id, path in list(self.paths.items()):
                        # Some have ended, and so have some connections.
                        try:
                            if path == '/held': self.answer(id, b'held')
                            elif path == '/part': self.h2.send_data(id, b'def', end_stream=True)
                            elif path == '/window' and len(refused) == 1: self.h2.reset_stream(id, 7)
                            elif path.startswith('/last/'):
                                # Closing waits until the end has been acknowledged: socket(7).
                                self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 20))
                                self.stream.shutdown(socket.SHUT_RDWR)
                            elif path.startswith('/cut/'): self.h2.reset_stream(id, 0)
                            elif path.startswith('/broken/'): self.h2.reset_stream(id, int(path[8:]))
                            self.flush()
                        except (OSError, h2.exceptions.ProtocolError): pass
            def take(self, event):
                id = getattr(event, 'stream_id', None)
                if isinstance(event, h2.events.RequestReceived): self.begin(id, dict(event.headers)[b':path'].decode())
                elif isinstance(event, h2.events.DataReceived):
                    path = self.paths[id]
                    self.got[id] += len(event.data)
                    if path == '/window': self.bodies[id] += event.data
                    if path == '/sink':
                        if self.got[id] >= 65535: say('received', self.number, id, self.got[id])
                    elif not path.startswith('/paced/') and not path.endswith('/leave') and event.flow_controlled_length:
                        self.h2.acknowledge_received_data(event.flow_controlled_length, id)
                elif isinstance(event, h2.events.StreamEnded):
                    # When all is read: what is not would make it a reset.
                    if self.paths[id] == '/vanish' or self.paths[id] == '/twice' and len(refused) > 1: raise ConnectionError
                    if self.paths[id] == '/whole' or self.paths[id].startswith('/paced/'): self.answer(id, b'small')
                    if self.paths[id] == '/window' and len(refused) > 1: self.answer(id, self.bodies[id])
                    if self.paths[id] == '/refused' and len(refused) > 1: self.answer(id, b'small')
                elif isinstance(event, h2.events.StreamReset):
                    self.left.pop(id, None)
                    say('reset', self.number, id, int(event.error_code), *([] if event.remote_reset else ['own']))
                elif isinstance(event, h2.events.WindowUpdated):
                    for other in [id] if id else list(self.left):
                        if other in self.left: self.pump(other)
            def run(self):
                try:
                    while data := self.stream.recv(65536):
                        with self.lock:
                            for event in self.h2.receive_data(data): self.take(event)
                            self.flush()
                except OSError: pass
                except Exception as error: say('fault', repr(error))
                self.stream.close()
                say('end', self.number)
        connections = []
        def serve(stream):
            try: stream.do_handshake()
            except OSError: return
            connection = Connection(stream, len(connections))
            connections.append(connection)
            connection.run()
        def accept(listener):
            while True:
                plain, _ = listener.accept()
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                stream = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
                threading.Thread(target=serve, args=(stream,), daemon=True).start()
        listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        print(listener.getsockname()[1])
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        for line in sys.stdin:
            for connection in connections: connection.go_on()
        os._exit(0)
        """
}
