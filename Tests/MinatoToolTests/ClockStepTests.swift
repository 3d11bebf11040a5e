import Glibc
import MinatoSocket
import TestSupport
import Testing

/// Programs whose date is set while a timer runs, by faketime(1), which leaves CLOCK_MONOTONIC alone as the kernel does.
@Suite(
    "Setting the date", .watchdog, .enabled(if: FakeDate.library != nil, "faketime is not installed"),
    .disabled(if: Sanitizer.isPresent, "a sanitizer and a library that is preloaded exclude each other"))
struct ClockStepTests {
    private static let hours = ["+3600", "-3600"]

    @Test(
        "An idle timeout neither ends early nor is held up when the date is set an hour forth or back",
        arguments: ["async", "blocking", "responder"], hours)
    func idleTimeout(_ face: String, _ step: String) throws {
        let date = try FakeDate()
        let server = try RunningServer(
            "tcp", "--handler", "echo", "--face", face, "--idle-timeout", "1", under: date.program)
        defer { date.forget(server.child) }
        var client = try Socket.connect(to: .tcp("127.0.0.1", Int(server.port) ?? 0))
        try client.setTimeout(.seconds(100))
        let begin = ContinuousClock.now
        try client.sendAll([1])
        #expect(try client.receive(atMost: 1) == [1])
        try date.set(step)
        #expect(try client.receive(atMost: 1) == [])
        #expect(begin.duration(to: .now) >= .seconds(1))
        #expect(server.terminate() == 0)
    }

    @Test("So does a drain's time limit", arguments: hours)
    func drain(_ step: String) throws {
        let date = try FakeDate()
        let server = try RunningServer(
            "tcp", "--handler", "echo", "--drain-timeout", "1", under: date.program)
        defer { date.forget(server.child) }
        let client = try Socket.connect(to: .tcp("127.0.0.1", Int(server.port) ?? 0))
        try client.sendAll([1])
        #expect(try client.receive(atMost: 1) == [1])
        let begin = ContinuousClock.now
        server.child.signal(SIGTERM)
        try date.set(step)
        #expect(server.child.wait() == 0)
        #expect(begin.duration(to: .now) >= .seconds(1))
    }

    @Test("So does the timeout of a blocking client", arguments: hours)
    func client(_ step: String) throws {
        let date = try FakeDate()
        let silent = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let port = "\(try silent.localAddress.port ?? 0)"
        let begin = ContinuousClock.now
        let sending = try ChildProcess(
            date.program + [Tool.path, "send", "--timeout", "1", "127.0.0.1", port, "x"])
        defer { date.forget(sending) }
        let accepted = try silent.accept()
        try date.set(step)
        #expect(sending.readErrors().contains("ETIMEDOUT"))
        #expect(sending.wait() == 1)
        #expect(begin.duration(to: .now) >= .seconds(1))
        _ = accepted
    }
}

/// A date that programs believe in, and that can be set while they run.
private struct FakeDate {
    /// Debian's package `faketime`.
    static let library = ["x86_64", "aarch64"]
        .map { "/usr/lib/\($0)-linux-gnu/faketime/libfaketime.so.1" }
        .first { (path: String) in unsafe access(path, R_OK) == 0 }

    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try set("+0")
    }

    private var variables: [String] {
        [
            "env", "LD_PRELOAD=\(Self.library ?? "")", "FAKETIME_TIMESTAMP_FILE=\(directory.file("date"))",
            "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1",
            // Without this every timed wait at a condition with CLOCK_MONOTONIC ends at once, in C too.
            "FAKETIME_FORCE_MONOTONIC_FIX=0",
        ]
    }

    /// What to put in front of a command of ours.
    ///
    /// A second `env` is the first program that faketime is loaded into: it changes the environment of that one, after which
    /// Swift's runtime would not find the arguments.
    var program: [String] { variables + ["env"] }

    /// Removes what faketime leaves of a program that was started so.
    func forget(_ child: ChildProcess) {
        _ = child.end()
        unsafe shm_unlink("/faketime_shm_\(child.processIdentifier)")
        unsafe sem_unlink("/faketime_sem_\(child.processIdentifier)")
    }

    /// Sets it so many seconds away from the true one, which other programs see at once.
    func set(_ step: String) throws {
        let new = try directory.write("new", Array(step.utf8))
        try #require(unsafe rename(new, directory.file("date")) == 0)
        let clock = try ChildProcess(variables + ["date", "+%s"])
        let shown = try #require(Int(clock.readLine() ?? ""))
        #expect(abs(shown - time(nil) - (Int(step) ?? 0)) < 300)
        #expect(clock.wait() == 0)
    }
}
