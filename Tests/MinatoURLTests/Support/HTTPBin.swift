import TestSupport

@testable import MinatoURL

/// httpbin, a server of others' that checks what clients send. scripts/test installs it.
final class HTTPBin: Sendable {
    /// Whether it is there.
    static var isInstalled: Bool { PythonPackages.areInstalled }

    private let process: ChildProcess
    private let port: String

    /// Starts it on a free port.
    init() throws {
        _ = InstalledOpener.isReplacedAtExit
        let program = """
            import os, sys
            sys.stderr = open(os.devnull, 'w')
            from httpbin import app
            from werkzeug.serving import make_server
            server = make_server('127.0.0.1', 0, app, threaded=True)
            print(server.server_port)
            server.serve_forever()
            """
        process = try ChildProcess([PythonPackages.python, "-u", "-c", program])
        guard let port = process.readLine() else { throw PythonServer.StartError() }
        self.port = port
    }

    /// The URL of a path.
    func url(_ path: String, userInformation: String = "") -> String {
        "http://\(userInformation)127.0.0.1:\(port)\(path)"
    }
}
