import Glibc
import MinatoSocket
import TestSupport
import Testing

/// 64 descriptors and 500 clients. In a process of its own, as a limit of descriptors is the whole process's.
///
/// How little it does meanwhile, and how soon it goes on, is measured by `scripts/bench`, on a machine with nothing else to do.
@Suite("minato serve without enough descriptors", .watchdog)
struct ServeScarcityTests {
    private static let hasTools = canRun("prlimit", "--version")

    private static func canRun(_ command: String...) -> Bool {
        guard let child = try? ChildProcess(command) else { return false }
        _ = child.readToEnd()
        return child.wait() == 0
    }

    @Test(
        "It does not spin, goes on when one ends, and serves all in the end",
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
        // Until it can take no more. On a busy machine the pause that ends a `take` may come before that.
        var served = take(from: &waiting, within: 30_000)
        while served.count < 20 {
            let more = take(from: &waiting, within: 30_000)
            if more.isEmpty { break }
            served += more
        }
        // Idle: nothing can be taken, and nobody ends.
        let before = try ticks(of: process)
        served += take(from: &waiting, within: 2000)
        let used = try ticks(of: process) - before
        // In hundredths of a second; who spins uses all the time that there is.
        #expect(used <= 40, "\(used) ticks")
        #expect(20...63 ~= served.count)

        // One ends: the next one is served.
        for _ in 0..<7 {
            served.removeFirst()
            let next = take(from: &waiting, within: 30_000, first: true)
            #expect(!next.isEmpty)
            served += next
        }

        while !waiting.isEmpty {
            served = []
            served = take(from: &waiting, within: 30_000)
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
        let text = try String(decoding: contents(of: "/proc/\(process)/stat"), as: UTF8.self)
        let fields = (text.split(separator: ")").last ?? "").split(separator: " ")
        let user = try #require(fields.count > 12 ? Int(fields[11]) : nil)
        let system = try #require(Int(fields[12]))
        return (user + system) * 100 / sysconf(Int32(_SC_CLK_TCK))
    }
}
