import CMinato
import Glibc

/// A program of Python's that serves, for tests against servers that nobody here wrote.
///
/// It prints its port as its first line, and ends when its standard input does.
final class PythonServer: Sendable {
    let port: Int
    private let process: pid_t
    /// Our end of its standard input and output.
    private let pipe: Int32

    struct StartError: Error {}

    /// Starts `python3 -c program`.
    init(_ program: String) throws {
        // A pair of sockets, because it is close-on-exec from birth: no other program may hold an end open.
        var ends: [Int32] = [-1, -1]
        unsafe minato_socket_pair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        // Its log of requests is not ours to print.
        unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe []
        for argument in ["python3", "-u", "-c", program] { unsafe arguments.append(unsafe strdup(argument)) }
        unsafe arguments.append(nil)
        defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }
        var process: pid_t = 0
        let code = unsafe posix_spawnp(&process, "python3", &actions, nil, &arguments, environ)
        Glibc.close(ends[1])
        self.process = process
        pipe = ends[0]
        var line = ""
        var byte: UInt8 = 0
        while code == 0, unsafe read(ends[0], &byte, 1) == 1, byte != 0x0A { line.unicodeScalars.append(.init(byte)) }
        guard let port = Int(line) else { throw StartError() }
        self.port = port
    }

    deinit {
        Glibc.close(pipe)
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    /// The URL of a path.
    func url(_ path: String = "/", scheme: String = "http") -> String { "\(scheme)://127.0.0.1:\(port)\(path)" }
}
