import Glibc
import MinatoSocket

/// A site of one page, served by nginx on a port of its own.
public final class NginxSite: Sendable {
    /// Where the page is, as `page.txt`.
    public let directory: TemporaryDirectory
    /// Where it listens, at 127.0.0.1.
    public let port: Int
    /// The URL of the page.
    public var url: String { "http://127.0.0.1:\(port)/page.txt" }

    /// Starts a site; with a user, behind Basic authentication.
    public init(page: [UInt8], realm: String = "", user: String? = nil, password: String = "") throws {
        directory = try TemporaryDirectory()
        _ = try directory.write("page.txt", page)
        var lines = ""
        if let user {
            let hash = try ChildProcess(["openssl", "passwd", "-apr1", password]).readToEnd()
            _ = try directory.write("users", Array("\(user):\(hash)".utf8))
            lines = "auth_basic \"\(realm)\"; auth_basic_user_file \(directory.path)/users;"
        }
        // nginx reads these as the user of its worker.
        for name in ["", "page.txt", "users"] { _ = unsafe chmod(directory.file(name), 0o755) }
        // nginx cannot bind port 0 and tell. A socket that is bound, and does not listen, holds the port until nginx has
        // it: both have SO_REUSEADDR.
        let holder = try Socket.bound(to: .tcp("127.0.0.1", 0))
        let address = try holder.localAddress
        let configuration = """
            daemon on; master_process off; pid \(directory.path)/pid; error_log \(directory.path)/error.log;
            events { }
            http {
                log_format short '$remote_user $status';
                access_log \(directory.path)/access.log short;
                client_body_temp_path \(directory.path); proxy_temp_path \(directory.path);
                fastcgi_temp_path \(directory.path); uwsgi_temp_path \(directory.path); scgi_temp_path \(directory.path);
                server {
                    listen \(address); root \(directory.path);
                    \(lines)
                }
            }
            """
        let file = try directory.write("nginx.conf", Array(configuration.utf8))
        // The process that is started ends when its successor in the background listens.
        let starter = try ChildProcess(["nginx", "-c", file, "-e", directory.file("error.log")])
        guard starter.wait() == 0 else { throw NginxFailure(description: starter.readErrors()) }
        port = address.port ?? 0
    }

    /// The requests so far, each as `USER STATUS`, as soon as there are so many. nginx writes a line after it has sent the
    /// response: its client may come to the log first.
    public func log(_ count: Int) throws -> [String] {
        let deadline = Deadline.after(.seconds(20))
        while true {
            let text = try ChildProcess(["cat", directory.file("access.log")]).readToEnd()
            let lines = text.split(separator: "\n").map(String.init)
            if lines.count >= count || deadline.hasPassed { return lines }
        }
    }

    deinit {
        let text = try? ChildProcess(["cat", directory.file("pid")]).readLine()
        if let text, let number = pid_t(text) { kill(number, SIGTERM) }
    }
}

/// nginx did not start, and what it said.
struct NginxFailure: Error, CustomStringConvertible {
    let description: String
}
