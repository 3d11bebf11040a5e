import Glibc
import MinatoSocket
import TestSupport
import Testing

@Suite("What minato serve uses", .watchdog)
struct ServeResourcesTests {
    private static let faces = ["async", "blocking", "responder"]

    @Test(
        "With idle connections it does not wake up once",
        .disabled(if: Sanitizer.isPresent, "a sanitizer has a thread that wakes up by itself"), arguments: faces)
    func idle(_ face: String) throws {
        let server = try RunningServer("tcp", "--handler", "echo", "--face", face)
        let port = Int(server.port) ?? 0
        let clients = try (0..<20).map { _ in SharedSocket(try Socket.connect(to: .tcp("127.0.0.1", port))) }
        for client in clients {
            try client.socket.sendAll([7])
            #expect(try client.socket.receive(atMost: 1) == [7])
        }
        let process = server.child.processIdentifier
        // It has come to rest when all of its threads wait, and none has run for a while. Swift's own end after five idle seconds.
        var before = try WakeUps.counts(ofProcess: process)
        for _ in 0..<1000 {
            usleep(20_000)
            let now = try WakeUps.counts(ofProcess: process)
            if try now == before && WakeUps.areWaiting(ofProcess: process) { break }
            before = now
        }
        // How long it is watched: waking up late would go unseen, never be seen where it is not.
        usleep(500_000)
        for (thread, count) in try WakeUps.counts(ofProcess: process) where count != before[thread] {
            // One of Swift's may have been on its way to its end, of which another process hears nothing.
            let end = Deadline.after(.seconds(20))
            while try WakeUps.counts(ofProcess: process)[thread] != nil, !end.hasPassed { usleep(20_000) }
            #expect(try WakeUps.counts(ofProcess: process)[thread] == nil, "\(thread) woke up and stayed")
        }
        #expect(server.terminate() == 0)
    }

    @Test("It runs as many loops as it is told to", arguments: ["async", "responder"])
    func loops(_ face: String) throws {
        let pollers = try ["1", "5"].map { loops in
            let server = try RunningServer(
                "tcp", "--handler", "echo", "--face", face, "--loops", loops, under: RunningServer.withEpoll)
            let client = try Socket.connect(to: .tcp("127.0.0.1", Int(server.port) ?? 0))
            try client.sendAll([7])
            #expect(try client.receive(atMost: 1) == [7])
            let list = try ChildProcess(["ls", "-l", "/proc/\(server.child.processIdentifier)/fd"])
            let pollers = list.readToEnd().split(separator: "\n").count { $0.hasSuffix("[eventpoll]") }
            try client.close()
            #expect(server.terminate() == 0)
            return pollers
        }
        #expect(pollers[1] - pollers[0] == 4, "\(pollers)")
    }

    @Test(
        "Clients who send and do not read cost it next to no memory",
        .disabled(if: Sanitizer.isPresent, "a sanitizer keeps what was freed"), arguments: faces)
    func slowReaders(_ face: String) throws {
        let server = try RunningServer("tcp", "--handler", "echo", "--face", face)
        let process = server.child.processIdentifier
        let before = try mostMemory(of: process)
        let block = [UInt8](repeating: 7, count: 65_536)
        var clients: [SharedSocket] = []
        for _ in 0..<20 {
            var client = try Socket(.ipv4)
            // So that the server has to wait for it soon.
            try client.setOption(.receiveBufferSize, 4096)
            try client.connect(to: SocketAddress(ipv4: 127, 0, 0, 1, port: UInt16(server.port) ?? 0))
            // More than the kernel takes on the way there and back, of which it stops to take any when nothing moves.
            try client.setTimeout(.milliseconds(300))
            var sent = 0
            let code = errorCode { () throws(SocketError) in
                while sent < 64 << 20 { sent += try client.send(block) }
            }
            #expect(code == .timedOut)
            clients.append(SharedSocket(client))
        }
        // All that they have sent would be hundreds of megabytes.
        let used = try mostMemory(of: process) - before
        #expect(used < 32 << 20, "\(used) bytes")
        server.child.signal(SIGKILL)
        withExtendedLifetime(clients) {}
    }

    /// The most memory that a process has had at a time, in bytes: "VmHWM:\t   12345 kB".
    private func mostMemory(of process: pid_t) throws -> Int {
        let status = String(decoding: try contents(of: "/proc/\(process)/status"), as: UTF8.self)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return 1024 * (try #require(Int(line.split(separator: " ").dropLast().last ?? "")))
    }
}
