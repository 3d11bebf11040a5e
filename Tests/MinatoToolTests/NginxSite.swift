import Glibc
import MinatoSocket
import TestSupport
import Testing

/// A site of one page behind Basic authentication, served by nginx on a port of its own.
final class NginxSite {
    let directory: TemporaryDirectory
    let url: String

    init(realm: String, user: String, password: String, page: [UInt8]) throws {
        directory = try TemporaryDirectory()
        _ = try directory.write("page.txt", page)
        let hash = try ChildProcess(["openssl", "passwd", "-apr1", password]).readToEnd()
        _ = try directory.write("users", Array("\(user):\(hash)".utf8))
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
                    auth_basic "\(realm)"; auth_basic_user_file \(directory.path)/users;
                }
            }
            """
        let file = try directory.write("nginx.conf", Array(configuration.utf8))
        // The process that is started ends when its successor in the background listens.
        let starter = try ChildProcess(["nginx", "-c", file, "-e", directory.file("error.log")])
        guard starter.wait() == 0 else { throw NginxFailure(description: starter.readErrors()) }
        url = "http://\(address)/page.txt"
    }

    /// The requests so far, each as `USER STATUS`, as soon as there are so many. nginx writes a line after it has sent the
    /// response: its client may come to the log first.
    func log(_ count: Int) throws -> [String] {
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
struct NginxFailure: Error {
    let description: String
}
