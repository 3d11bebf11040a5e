import Glibc
import MinatoSocket
import TestSupport

@testable import MinatoURL

/// A proxy that nobody here wrote, on a port of its own: tinyproxy for HTTP, or danted of Dante for SOCKS5.
final class ProxyProgram {
    let port: Int
    private let process: ChildProcess
    private let directory: TemporaryDirectory

    struct StartError: Error {
        let log: String
    }

    /// Whether both are there.
    static var areInstalled: Bool {
        unsafe access("/usr/bin/tinyproxy", X_OK) == 0 && access("/usr/sbin/danted", X_OK) == 0
    }

    /// Starts tinyproxy, which opens tunnels to one port, for one user or for everybody.
    static func tinyproxy(tunnelsTo tunnel: Int, _ user: (name: String, password: String)? = nil) throws -> ProxyProgram
    {
        try ProxyProgram("tinyproxy", "-d", "-c") { port in
            """
            Port \(port)
            Listen 127.0.0.1
            LogLevel Connect
            Allow 127.0.0.1
            ConnectPort \(tunnel)
            \(user.map { "BasicAuth \($0.name) \($0.password)" } ?? "")

            """
        }
    }

    /// Starts danted, which leads to this machine, but not to one port of it.
    static func dante(refuses refused: Int) throws -> ProxyProgram {
        try ProxyProgram("danted", "-f") { port in
            """
            logoutput: stdout
            internal: 127.0.0.1 port = \(port)
            external: 127.0.0.1
            clientmethod: none
            socksmethod: none
            client pass { from: 0/0 to: 0/0 }
            socks block { from: 0/0 to: 0/0 port = \(refused) log: connect }
            socks pass { from: 0/0 to: 127.0.0.0/8 log: connect }

            """
        }
    }

    private init(_ command: String..., configuration: (Int) -> String) throws {
        directory = try TemporaryDirectory()
        let held = try HeldPort()
        port = held.port
        let file = try directory.write("conf", Array(configuration(port).utf8))
        var words = command + [file]
        if command.first == "danted" { words += ["-p", directory.file("pid")] }
        process = try ChildProcess(
            ["sh", "-c", "exec \"$@\" 2>&1", "sh"] + words,
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        do {
            try held.waitUntilItListens()
        } catch {
            _ = process.end()
            throw StartError(log: process.readToEnd())
        }
    }

    /// An orderly end: danted has children, and ends them only when it is asked to.
    deinit {
        process.signal(SIGTERM)
        _ = process.wait()
    }

    /// The next line of its log in which a text is, or nil when it has ended.
    func logLine(with text: String) -> String? {
        while let line = process.readLine() {
            if line.contains(text) { return line }
        }
        return nil
    }
}
