public import Glibc
import MinatoSocket

/// Another program, started for a test: a Python peer, nginx, the tool itself.
///
/// What it writes to standard output is read through `readLine` and `readToEnd`. It is killed when the value goes.
@safe
public final class ChildProcess: @unchecked Sendable {
    /// Its number, for looking at it in `/proc` or sending signals.
    public let processIdentifier: pid_t
    private var output: Int32
    private var errors: Int32
    private var input: Int32
    private var buffer: [UInt8] = []
    private var status: Int32?

    /// How a program could not be started.
    public struct Failure: Error, CustomStringConvertible {
        /// What failed.
        public let description: String
    }

    /// Starts a program that is found in PATH.
    ///
    /// - Parameters:
    ///   - command: the program and its arguments.
    ///   - environment: variables in addition to this process's.
    public init(
        _ command: [String], environment: [String: String] = [:]
    ) throws {
        let (child, code, ends) = try Self.spawning.withLock { try Self.spawn(command, environment) }
        processIdentifier = child
        (input, output, errors) = ends
        guard code == 0 else {
            status = 127 << 8
            throw Failure(description: "\(command[0]): errno \(code)")
        }
    }

    /// Held from the making of the pipes to the end of the spawn: Swift has no pipe2, and another test's child that
    /// inherited an end would keep the pipe open.
    private static let spawning = Lock()

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard unsafe Glibc.pipe(&ends) == 0 else { throw Failure(description: "pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func spawn(
        _ command: [String], _ environment: [String: String]
    ) throws -> (child: pid_t, code: Int32, ends: (Int32, Int32, Int32)) {
        let (inputPipe, outputPipe, errorPipe) = (try pipe(), try pipe(), try pipe())
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, inputPipe.read, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, outputPipe.write, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, errorPipe.write, 2)

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // Signals that a test blocks shall not be blocked in the child.
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        var variables: [UnsafeMutablePointer<CChar>?] = unsafe variables(adding: environment).map { unsafe strdup($0) }
        unsafe variables.append(nil)
        defer {
            for index in unsafe arguments.indices { unsafe free(arguments[index]) }
            for index in unsafe variables.indices { unsafe free(variables[index]) }
        }
        var child: pid_t = 0
        let code = unsafe posix_spawnp(&child, command[0], &actions, &attributes, arguments, variables)
        close(inputPipe.read)
        close(outputPipe.write)
        close(errorPipe.write)
        return (child, code, (inputPipe.write, outputPipe.read, errorPipe.read))
    }

    /// Runs Python code with arguments.
    public static func python(_ code: String, _ arguments: String...) throws -> ChildProcess {
        try ChildProcess(["python3", "-u", "-c", code] + arguments)
    }

    private static func variables(adding additions: [String: String]) -> [String] {
        var all: [String] = []
        var index = 0
        while let variable = unsafe environ[index] {
            let text = unsafe String(cString: variable)
            if !additions.keys.contains(where: { text.hasPrefix($0 + "=") }) { all.append(text) }
            index += 1
        }
        return all + additions.map { "\($0.key)=\($0.value)" }
    }

    deinit {
        _ = end()
        close(output)
        close(errors)
    }

    /// The next line of its standard output without the newline, nil at the end.
    public func readLine() -> String? {
        while true {
            if let newline = buffer.firstIndex(of: 10) {
                let line = String(decoding: buffer[..<newline], as: UTF8.self)
                buffer.removeFirst(newline + 1)
                return line
            }
            guard fill(output) else {
                guard !buffer.isEmpty else { return nil }
                defer { buffer = [] }
                return String(decoding: buffer, as: UTF8.self)
            }
        }
    }

    /// The rest of its standard output.
    public func readToEnd() -> String {
        while fill(output) {}
        defer { buffer = [] }
        return String(decoding: buffer, as: UTF8.self)
    }

    /// All of its standard error. Call it when the output has been read.
    public func readErrors() -> String {
        let saved = buffer
        buffer = []
        while fill(errors) {}
        defer { buffer = saved }
        return String(decoding: buffer, as: UTF8.self)
    }

    private func fill(_ descriptor: Int32) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return false }
            buffer += chunk.prefix(count)
            return true
        }
    }

    /// Writes to its standard input.
    public func write(_ text: String) {
        var bytes = Array(text.utf8)
        _ = unsafe Glibc.write(input, &bytes, bytes.count)
    }

    /// Ends its standard input.
    public func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    /// Sends it a signal.
    public func signal(_ number: Int32) {
        if status == nil { kill(processIdentifier, number) }
    }

    /// Waits for its end: the exit status, or 128 plus the signal that ended it.
    public func wait() -> Int32 {
        closeInput()
        if status == nil {
            var raw: Int32 = 0
            while unsafe waitpid(processIdentifier, &raw, 0) < 0, errno == EINTR {}
            status = raw
        }
        let raw = status ?? 0
        return raw & 0x7f == 0 ? (raw >> 8) & 0xff : 128 + (raw & 0x7f)
    }

    /// Kills it if it still runs, and waits for its end.
    public func end() -> Int32 {
        signal(SIGKILL)
        return wait()
    }
}
