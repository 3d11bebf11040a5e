import Glibc
import MinatoSocket
import TestSupport
import Testing

/// 64 descriptors and 500 clients. In a process of its own, as a limit of descriptors is the whole process's.
@Suite("minato serve without enough descriptors", .watchdog)
struct ServeScarcityTests {
    private static let hasTools = canRun("prlimit", "--version")

    private static func canRun(_ command: String...) -> Bool {
        guard let child = try? ChildProcess(command) else { return false }
        _ = child.readToEnd()
        return child.wait() == 0
    }

    @Test(
        "It idles, tries seldom, goes on as soon as one ends, and serves all in the end",
        .enabled(if: hasTools, "prlimit is not installed"), arguments: ["async", "responder"])
    func scarcity(face: String) throws {
        let server = try ChildProcess([
            "prlimit", "--nofile=64", Tool.path, "serve", "tcp", "--handler", "echo", "--face", face, "--loops", "2",
            "--max-connections", "1000",
        ])
        let line = server.readLine() ?? ""
        let port = try #require(Int(line.split(separator: ":").last ?? ""))
        let process = server.processIdentifier

        var waiting: [SharedSocket] = []
        for _ in 0..<500 {
            let client = try Socket.connect(to: .tcp("127.0.0.1", port))
            try client.sendAll("x")
            waiting.append(SharedSocket(client))
        }
        var served = take(from: &waiting, within: 5000)
        #expect(20...63 ~= served.count)

        // Idle: nothing can be taken, and nobody ends.
        let before = try ticks(of: process)
        let calls = try failedCalls(of: process, seconds: 2)
        let used = try ticks(of: process) - before
        // In hundredths of a second: 5 % of two seconds, and what strace costs.
        #expect(used <= 10 + (calls == nil ? 0 : 10), "\(used) ticks")
        if let calls { #expect(calls <= 100) }

        // One ends: the next one is served soon. By now the pauses last a second.
        var delays: [Duration] = []
        let clock = ContinuousClock()
        for _ in 0..<7 {
            served.removeFirst()
            let begin = clock.now
            let next = take(from: &waiting, within: 5000, first: true)
            delays.append(clock.now - begin)
            #expect(!next.isEmpty)
            served += next
        }
        #expect(delays.sorted()[3] < .milliseconds(200), "\(delays)")

        while !waiting.isEmpty {
            served = []
            served = take(from: &waiting, within: 5000)
            if served.isEmpty { break }
        }
        #expect(waiting.isEmpty, "\(waiting.count) were never served")
        server.signal(SIGTERM)
        served = []
        #expect(server.wait() == 0)
        let errors = server.readErrors()
        #expect(errors.split(separator: "\n").count <= 20, "\(errors)")
    }

    /// Takes out those whose answer has come; waits for the first one, then until nothing comes for a moment.
    private func take(
        from clients: inout [SharedSocket], within milliseconds: Int32, first: Bool = false
    ) -> [SharedSocket] {
        var taken: [SharedSocket] = []
        var patience = milliseconds
        while !clients.isEmpty {
            var entries = clients.map { pollfd(fd: $0.socket.descriptor, events: Int16(POLLIN), revents: 0) }
            guard unsafe poll(&entries, nfds_t(entries.count), patience) > 0 else { break }
            var left: [SharedSocket] = []
            for (client, entry) in zip(clients, entries) {
                if entry.revents == 0 { left.append(client) } else { taken.append(client) }
            }
            clients = left
            if first { break }
            patience = 200
        }
        return taken
    }

    /// How much processor time a process has used, in hundredths of a second.
    private func ticks(of process: pid_t) throws -> Int {
        let text = try String(decoding: read("/proc/\(process)/stat"), as: UTF8.self)
        let fields = (text.split(separator: ")").last ?? "").split(separator: " ")
        let user = try #require(fields.count > 12 ? Int(fields[11]) : nil)
        let system = try #require(Int(fields[12]))
        return (user + system) * 100 / sysconf(Int32(_SC_CLK_TCK))
    }

    /// How many accept calls fail in so many seconds; nil where that cannot be seen.
    private func failedCalls(of process: pid_t, seconds: Int) throws -> Int? {
        let directory = try TemporaryDirectory()
        let report = directory.file("calls")
        let strace = try? ChildProcess([
            "timeout", "-s", "INT", "\(seconds)", "strace", "-f", "-c", "-e", "trace=accept4", "-o", report, "-p",
            "\(process)",
        ])
        guard let strace else { return nil }
        _ = strace.readErrors()
        _ = strace.wait()
        guard let text = try? String(decoding: read(report), as: UTF8.self), !text.isEmpty else { return nil }
        // "% time     seconds  usecs/call     calls    errors syscall"
        let fields = text.split(separator: "\n").first { $0.hasSuffix("accept4") }?.split(separator: " ") ?? []
        return fields.count == 6 ? Int(fields[4]) : 0
    }

    private func read(_ path: String) throws -> [UInt8] {
        let file = unsafe open(path, O_RDONLY)
        try #require(file >= 0)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe Glibc.read(file, &bytes, bytes.count)
        return Array(bytes.prefix(max(count, 0)))
    }
}
