import Glibc
import MinatoSocket
import TestSupport

@testable import MinatoURL

/// A server that speaks HTTP/2 over TLS: nghttpd of nghttp2, or nginx.
final class HTTP2Server: Sendable {
    let port: Int
    let certificates: TestCertificates
    private let process: ChildProcess
    private let directory: TemporaryDirectory

    struct StartError: Error {
        let text: String
    }

    /// Starts nghttpd, which gives back what it is sent.
    static func nghttpd(_ arguments: String...) throws -> HTTP2Server {
        try HTTP2Server { server, certificate, address in
            let port = address.port ?? 0
            let command = ["nghttpd", "-a", "127.0.0.1", "--echo-upload", "-d", server.path] + arguments
            return command + ["\(port)", certificate + ".key", certificate + ".pem"]
        }
    }

    /// Starts nginx, with lines of its `server` block.
    static func nginx(_ lines: String = "") throws -> HTTP2Server {
        try HTTP2Server { server, certificate, address in
            let path = server.path
            let configuration = """
                daemon off; master_process off; pid \(path)/pid; error_log \(path)/error.log;
                events { }
                http {
                    log_format connections '$connection $server_protocol $status';
                    access_log \(path)/access.log connections;
                    client_body_temp_path \(path); proxy_temp_path \(path); fastcgi_temp_path \(path);
                    uwsgi_temp_path \(path); scgi_temp_path \(path);
                    server {
                        listen \(address) ssl http2; root \(path);
                        ssl_certificate \(certificate).pem; ssl_certificate_key \(certificate).key;
                        location /slow { limit_rate 100k; }
                        \(lines)
                    }
                }
                """
            return [
                "nginx", "-c", try server.write("nginx.conf", Array(configuration.utf8)), "-e", "\(path)/error.log",
            ]
        }
    }

    private init(_ command: (TemporaryDirectory, String, SocketAddress) throws -> [String]) throws {
        _ = InstalledOpener.isReplacedAtExit
        directory = try TemporaryDirectory()
        certificates = try TestCertificates()
        let certificate = try certificates.issue("server")
        _ = try directory.write("small", Array("small".utf8))
        _ = try directory.write("large", [UInt8](repeating: 7, count: 4 << 20))
        _ = try directory.write("slow", [UInt8](repeating: 7, count: 4 << 20))
        let held = try HeldPort()
        port = held.port
        process = try ChildProcess(command(directory, certificate, held.address))
        do {
            try held.waitUntilItListens()
        } catch {
            process.signal(SIGKILL)
            throw StartError(text: process.readErrors())
        }
    }

    /// Ends it at once.
    func stop() { process.signal(SIGKILL) }

    func url(_ path: String) -> String { "https://127.0.0.1:\(port)/\(path)" }

    /// An opener that trusts it.
    func opener(_ change: (inout URLOpener.Configuration) -> Void = { _ in }) -> URLOpener {
        certificates.opener(change)
    }

    /// nginx's log, when there are so many lines in it: `connection protocol status` of each request.
    func log(_ count: Int) async throws -> [[String]] {
        try await Background {
            let deadline = Deadline.after(.seconds(20))
            while true {
                let text = try ChildProcess(["cat", self.directory.file("access.log")]).readToEnd()
                let lines = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
                if lines.count >= count || deadline.hasPassed { return lines }
            }
        }.value
    }
}
