import TestSupport

/// A program of Python's that serves, for tests against servers that nobody here wrote. It prints its port first.
final class PythonServer: Sendable {
    let port: Int
    private let process: ChildProcess

    struct StartError: Error {}

    /// Starts `python3 -c program` with arguments.
    ///
    /// - Parameter python: Another interpreter; see ``PythonPackages``.
    init(_ program: String, _ arguments: String..., python: String = "python3") throws {
        _ = InstalledOpener.isReplacedAtExit
        // Nobody reads its log of requests: without this it could fill its pipe and stop.
        let quiet = "import os, sys; sys.stderr = open(os.devnull, 'w')\n"
        process = try ChildProcess([python, "-u", "-c", quiet + program] + arguments)
        guard let line = process.readLine(), let port = Int(line) else { throw StartError() }
        self.port = port
    }

    /// A line that it prints after its port.
    func readLine() -> String? { process.readLine() }

    /// Writes to its standard input.
    func write(_ text: String) { process.write(text) }

    /// The URL of a path.
    func url(_ path: String = "/", scheme: String = "http") -> String { "\(scheme)://127.0.0.1:\(port)\(path)" }
}
