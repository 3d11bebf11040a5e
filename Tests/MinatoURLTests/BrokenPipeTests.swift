import Glibc
import TestSupport
import Testing

@testable import MinatoURL

/// Servers that go away while they are sent to: an error, or another connection, and no signal.
@Suite(.watchdog) struct BrokenPipeTests {
    /// Over TLS if it is given a certificate. `/keep` is answered, and its connection kept; `/drop` resets those that were kept, and
    /// is answered then. `/reset` is not read to its end, but reset; so is `/end`, after an end of the stream.
    private static let program = """
        import socket, ssl, struct, sys, threading
        certificate, kept = sys.argv[1], []
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate + '.pem', certificate + '.key')
        def reset(connection):
            with socket.socket(fileno=connection.detach()) as plain:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        def serve(connection):
            if certificate: connection = context.wrap_socket(connection, server_side=True)
            head = b''
            while b'\\r\\n\\r\\n' not in head: head += connection.recv(1)
            path = head.split()[1]
            if path == b'/end':
                connection.shutdown(socket.SHUT_WR)
            if path in (b'/end', b'/reset'): return reset(connection)
            if path == b'/drop':
                while kept: reset(kept.pop())
            kept.append(connection)
            connection.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok')
        listener = socket.create_server(('127.0.0.1', 0))
        print(listener.getsockname()[1])
        def accept():
            while True: threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()
        sys.stdin.read()
        """

    /// A body that is saved to a pipe whose reader goes: an error, too.
    @Test(arguments: Face.allCases)
    func savingIsNoSignal(_ face: Face) async {
        await #expect(processExitsWith: .success) { [isTasks = (face == .tasks) as Bool] in
            signal(SIGPIPE, SIG_DFL)
            let face: Face = isTasks ? .tasks : .threads
            let directory = try TemporaryDirectory()
            let path = directory.file("pipe")
            #expect(unsafe mkfifo(path, 0o600) == 0)
            let server = try RawServer { connection in
                _ = connection.readRequest()
                // More than a pipe holds.
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(1 << 20)\r\n\r\n")
                connection.send([UInt8](repeating: 65, count: 1 << 20))
            }
            let body = try await face.open(URLOpener(), server.url()).body
            let reader = try Background {
                let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
                var byte: UInt8 = 0
                #expect(unsafe read(descriptor, &byte, 1) == 1)
                close(descriptor)
            }
            let error = await #expect(throws: OpenError.self) { try await body.write(to: path) }
            #expect(error?.code == .fileFailed && error?.systemCode == EPIPE)
            try reader.join()
        }
    }

    /// In a process that SIGPIPE would end.
    @Test(arguments: Face.allCases, [false, true])
    func isNoSignal(_ face: Face, _ isSecure: Bool) async {
        await #expect(processExitsWith: .success) { [isTasks = (face == .tasks) as Bool, isSecure = isSecure as Bool] in
            signal(SIGPIPE, SIG_DFL)
            let face: Face = isTasks ? .tasks : .threads
            let certificates = try TestCertificates()
            let server = try PythonServer(BrokenPipeTests.program, isSecure ? certificates.issue("right") : "")
            let site = server.url("", scheme: isSecure ? "https" : "http")
            var configuration = URLOpener.Configuration()
            configuration.tls.trust = .file(certificates.authority)
            for _ in 0..<3 {
                let opener = URLOpener(configuration: configuration)
                // What is said in parting to a peer that has gone is what would raise the signal.
                _ = try await face.open(opener, "\(site)/keep").body.read(9)
                _ = try await face.open(URLOpener(configuration: configuration), "\(site)/drop").body.read(9)
                #expect(try await face.open(opener, "\(site)/keep").body.read(9) == Array("ok".utf8))
                for path in ["/reset", "/end"] {
                    let request = try URLOpener.Request(site + path, body: [UInt8](repeating: 65, count: 8 << 20))
                    let error = await #expect(throws: OpenError.self) {
                        try await face.open(URLOpener(configuration: configuration), request)
                    }
                    let codes: [OpenError.Code] = [.connectionReset, .emptyReply, .truncated]
                    #expect(error.map { codes.contains($0.code) } == true, "\(error as Any)")
                }
            }
        }
    }
}
