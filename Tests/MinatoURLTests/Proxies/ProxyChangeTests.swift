import TestSupport
import Testing

@testable import MinatoURL

/// What one proxy says or is told is no other one's, nor the server's.
@Suite(.watchdog) struct ProxyChangeTests {
    /// An opener whose proxies are chosen anew for each request, in a row; nil for none.
    private func opener(_ row: [Proxy?]) -> URLOpener {
        let left = Guarded(row[...])
        return URLOpener(ProxyHandler(.custom { _ in left.withLock { $0.popFirst() ?? nil } }))
    }

    /// The answer to a challenge goes to the proxy that asked, and not to whoever is next.
    @Test(arguments: Face.allCases, ["other", "none"])
    func answersAreForOneProxy(_ face: Face, _ next: String) async throws {
        let seen = Guarded<[String]>([])
        let asking = try RawServer { connection in
            while connection.readRequest() != nil {
                connection.send(
                    "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"R\"\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let other = try RawServer { connection in
            while let request = connection.readRequest() {
                seen.withLock { $0.append(request) }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        let first = try Proxy("http://klem:\(CanaryTests.canary)@127.0.0.1:\(asking.port)")
        let second = next == "none" ? nil : try Proxy("http://127.0.0.1:\(other.port)")
        let body = try await face.open(opener([first, second]), other.url()).body
        #expect(try await body.read(3) == Array("ok".utf8))
        let requests = seen.withLock { $0 }
        #expect(requests.count == 1)
        #expect(requests.first?.lowercased().contains("proxy-authorization") == false)
    }

    /// Opens a tunnel and, told by a line, ends it when something comes on it; to the next one that is wanted it says no, in words
    /// that are the server's.
    private static let program = """
        import select, socket, sys, threading
        listener = socket.create_server(('127.0.0.1', 0))
        print(listener.getsockname()[1])
        ends = threading.Event()
        def arm():
            sys.stdin.readline()
            ends.set()
            print('armed')
        threading.Thread(target=arm, daemon=True).start()
        def head(stream):
            text = b''
            while b'\\r\\n\\r\\n' not in text: text += stream.recv(1)
            return text
        client = listener.accept()[0]
        host, port = head(client).split()[1].decode().rsplit(':', 1)
        server = socket.create_connection((host, int(port)))
        client.sendall(b'HTTP/1.1 200 Yes\\r\\n\\r\\n')
        while True:
            ready = select.select([client, server], [], [])[0]
            if client in ready:
                if ends.is_set(): break
                server.sendall(client.recv(65536))
            if server in ready: client.sendall(server.recv(65536))
        client.recv(65536)
        client.close()
        client = listener.accept()[0]
        head(client)
        client.sendall(b'HTTP/1.1 307 Away\\r\\nLocation: https://127.0.0.1:1/\\r\\nContent-Length: 0\\r\\n\\r\\n')
        sys.stdin.readline()
        """

    /// libcurl sends a request once more by itself, over a new tunnel, when the old one has ended: what the proxy says to that is not the
    /// server's response.
    @Test(arguments: Face.allCases)
    func refusesTheSecondTunnel(_ face: Face) async throws {
        let certificates = try TestCertificates()
        let server = try PythonServer.secure(certificates.issue("right"))
        let proxy = try PythonServer(Self.program)
        var configuration = URLOpener.Configuration()
        configuration.tls.trust = .file(certificates.authority)
        let url = server.url(scheme: "https")
        let opener = URLOpener(
            ProxyHandler(.fixed(try Proxy("http://127.0.0.1:\(proxy.port)"))), configuration: configuration)
        #expect(try await face.open(opener, url).body.read(9) == Array("ok".utf8))
        proxy.write("\n")
        #expect(proxy.readLine() == "armed")
        let error = await #expect(throws: OpenError.self) { try await face.open(opener, url) }
        #expect(error?.code == .proxyRefused && error?.operation == .connect, "\(error as Any)")
        #expect(error?.description.contains("the proxy opens no tunnel: 307 Away") == true)
    }
}
