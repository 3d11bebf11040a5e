import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct TLSTests {
    /// A certificate for 127.0.0.1 that nobody vouches for.
    ///
    /// Its key protects nothing and is used nowhere else.
    private static let program = """
        import http.server, ssl, sys, tempfile, threading
        pem = tempfile.NamedTemporaryFile()
        pem.write(b'''
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgNkrHOSa4CpAMXnAW
        zhJFPEgfF/hVnGd7hBgncpTQWRChRANCAASX8aN4sy6le8WbmVmUa4hmo8MWl4Xe
        FENjQZb9XqEhVt8jZ8XbHmb53jQVVXUKj751MxVNOCqn2f2MlTtCc+BI
        -----END PRIVATE KEY-----
        -----BEGIN CERTIFICATE-----
        MIIBkDCCATagAwIBAgIUG04RiBlILdCtMzowG2bDt7b/YigwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyMjE4MzUxMVoYDzIxMjYxMDI5
        MTgzNTExWjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAASX8aN4sy6le8WbmVmUa4hmo8MWl4XeFENjQZb9XqEhVt8jZ8XbHmb5
        3jQVVXUKj751MxVNOCqn2f2MlTtCc+BIo2QwYjAdBgNVHQ4EFgQUb0HSAkzdPZqa
        DX4Ny6hTFLtTXy4wHwYDVR0jBBgwFoAUb0HSAkzdPZqaDX4Ny6hTFLtTXy4wDwYD
        VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0gAMEUC
        IB7TLbaLpwHdF26007Eic8bU6D638PAvYzjuJYSjozApAiEA3cDf8z0eSGptnIcZ
        e3tRwPNWQ+BEutWyZ1HHm0vrffw=
        -----END CERTIFICATE-----
        '''.replace(b'        ', b''))
        pem.flush()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem.name)
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_port)
        sys.stdin.read()
        """

    @Test func unknownIssuersAreRefused() throws {
        let server = try PythonServer(Self.program)
        let error = #expect(throws: OpenError.self) {
            try urlopenBlocking(server.url(scheme: "https"), timeout: .seconds(10))
        }
        #expect(error?.code == .tlsPeerNotVerified && error?.operation == .connect && error?.curlCode == 60)
    }

    @Test func plainServersAreNoTLSServers() throws {
        let server = try RawServer { connection in
            _ = connection.readByte()
            connection.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        let error = #expect(throws: OpenError.self) {
            try URLOpener().openBlocking("https://127.0.0.1:\(server.port)/", timeout: .seconds(10))
        }
        #expect(error?.code == .tlsHandshakeFailed && error?.operation == .connect)
    }
}
