import Glibc
import MinatoSocket
import TestSupport
import Testing

/// What becomes of `minato serve` when the system fails it. The rules of strace stand for bugs that scripts/torture has found.
@Suite("minato serve when system calls fail", .watchdog)
struct ServeFailureTests {
    private static let hasStrace = canRun("strace", "-D", "-f", "-qq", "-o", "/dev/null", "true")
    private static let hasLimits = canRun("prlimit", "--version")

    private static func canRun(_ command: String...) -> Bool {
        guard let child = try? ChildProcess(command) else { return false }
        _ = child.readToEnd()
        return child.wait() == 0
    }

    /// It used to wait for a second signal, for ever: the first one had been that of its own thread.
    @Test(
        "When serving cannot begin, it says so and ends", .enabled(if: hasLimits, "prlimit is not installed"),
        arguments: ["tcp", "udp"], ["async", "blocking", "responder"])
    func cannotServe(_ transport: String, _ face: String) throws {
        // Standard streams, signals, the socket; and one of the two of the loop.
        let server = try RunningServer(
            transport, "--face", face, "--loops", "1", under: RunningServer.withEpoll + ["prlimit", "--nofile=6"])
        #expect(server.line.hasPrefix("listening on \(transport)"))
        #expect(server.child.wait() == 1)
        let errors = server.child.readErrors()
        #expect(errors.hasPrefix("minato: ") && errors.contains("EMFILE"), "\(errors)")
    }

    /// It used to be lost, so that the loop went on sleeping.
    @Test(
        "A signal in the middle of a wake-up: it is written again", .enabled(if: hasStrace, "strace cannot trace"),
        arguments: ["async", "blocking", "responder"])
    func interruptedWakeUp(_ face: String) throws {
        let server = try RunningServer(
            "tcp", "--face", face, "--loops", "1", under: traced("write:error=EINTR:when=1..3"))
        let port = try #require(Int(server.port))
        var client = try Socket.connect(to: .tcp("127.0.0.1", port))
        try client.setTimeout(.seconds(20))
        try client.sendAll(" word ")
        #expect(try client.receive(atMost: 100) == Array("WORD".utf8))
        #expect(server.terminate() == 0)
    }

    /// The loop used to begin it again at once, and to spin.
    @Test(
        "A wait for events that fails ends the server with an error", .enabled(if: hasStrace, "strace cannot trace"),
        arguments: ["async", "responder"])
    func failingWait(_ face: String) throws {
        // The waits with a deadline, which a connection brings.
        let server = try RunningServer(
            "tcp", "--face", face, "--loops", "1",
            under: RunningServer.withEpoll + traced("epoll_pwait2:error=EFAULT:when=1+"))
        let port = try #require(Int(server.port))
        let client = try Socket.connect(to: .tcp("127.0.0.1", port))
        for _ in 0..<4 { try? client.sendAll("x") }
        #expect(server.child.wait() == 1)
        let errors = server.child.readErrors()
        #expect(errors.hasPrefix("minato: ") && errors.contains("EFAULT"), "\(errors)")
    }

    /// Under AddressSanitizer nothing can look for leaks there: that is done by tracing, too.
    private func traced(_ rule: String) -> [String] {
        ["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "inject=\(rule)"]
    }
}
