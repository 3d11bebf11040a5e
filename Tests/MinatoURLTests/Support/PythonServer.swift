import TestSupport

/// A program of Python's that serves, for tests against servers that nobody here wrote. It prints its port first.
final class PythonServer: Sendable {
    let port: Int
    private let process: ChildProcess

    struct StartError: Error {}

    /// Starts `python3 -c program`.
    init(_ program: String) throws {
        _ = InstalledOpener.isReplacedAtExit
        // Nobody reads its log of requests: without this it could fill its pipe and stop.
        process = try ChildProcess.python("import os, sys; sys.stderr = open(os.devnull, 'w')\n" + program)
        guard let line = process.readLine(), let port = Int(line) else { throw StartError() }
        self.port = port
    }

    /// The URL of a path.
    func url(_ path: String = "/", scheme: String = "http") -> String { "\(scheme)://127.0.0.1:\(port)\(path)" }
}
