import Glibc
import MinatoSocket
import TestSupport
import Testing

/// `minato get` with files: --resume and --progress.
@Suite("minato get --resume", .watchdog)
struct GetResumeTests {
    /// A server of 5,000 bytes with ranges; of the first response it sends 2,000, and then it ends the connection, or waits.
    private func server(waits: Bool) throws -> (ChildProcess, url: String) {
        let process = try ChildProcess.python(
            """
            import http.server, sys, threading
            content = bytes(97 + i % 26 for i in range(5000))
            class H(http.server.BaseHTTPRequestHandler):
                count = 0
                def do_GET(self):
                    H.count += 1
                    start = int(self.headers["Range"][6:-1]) if self.headers["If-Range"] == '"v1"' else 0
                    self.send_response(206 if start else 200)
                    if start: self.send_header("Content-Range", f"bytes {start}-4999/5000")
                    self.send_header("ETag", '"v1"')
                    self.send_header("Content-Length", str(5000 - start))
                    self.end_headers()
                    self.wfile.write(content[start:2000 if H.count == 1 else 5000])
                    if H.count == 1 and sys.argv[1] == "waits": self.connection.recv(1)
                def log_message(self, *a): pass
            s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H); print(s.server_port); s.serve_forever()
            """, waits ? "waits" : "ends")
        return (process, "http://127.0.0.1:\(try #require(process.readLine()))/file")
    }

    private static let content = String(decoding: (0..<5000).map { UInt8(ascii: "a") + UInt8($0 % 26) }, as: UTF8.self)

    private func read(_ path: String) throws -> String { try ChildProcess(["cat", path]).readToEnd() }

    @Test("What has come when the server breaks off is gone on with, and the progress says so")
    func goesOn() throws {
        let (server, url) = try server(waits: false)
        defer { withExtendedLifetime(server) {} }
        let directory = try TemporaryDirectory()
        let file = directory.file("out")
        let first = try Tool.run("get", "--resume", "--progress", "--output", file, url)
        #expect(first.status == 1 && first.output.isEmpty)
        let lines = first.errors.split(separator: "\n")
        #expect(lines.first?.hasPrefix("minato: 0 of 5000 bytes (0 %), ") == true, "\(lines)")
        #expect(lines.dropLast().last?.hasPrefix("minato: 2000 of 5000 bytes (40 %), ") == true, "\(lines)")
        #expect(lines.last?.hasPrefix("minato: read \(url): ") == true, "\(lines)")
        #expect(lines.last?.contains("(truncated, ") == true, "\(lines)")
        #expect(try ChildProcess(["ls", directory.path]).readToEnd() == "out.part\nout.part.meta\n")

        let second = try Tool.run("get", "--resume", "--progress", "--output", file, url)
        #expect(second.status == 0 && second.output.isEmpty)
        #expect(second.errors.hasPrefix("minato: 2000 of 5000 bytes (40 %), "), "\(second.errors)")
        #expect(second.errors.split(separator: "\n").last?.hasPrefix("minato: 5000 of 5000 bytes (100 %), ") == true)
        #expect(try read(file) == Self.content)
        #expect(try ChildProcess(["ls", directory.path]).readToEnd() == "out\n")
    }

    @Test("A program that is killed leaves what had come to the next one")
    func killed() throws {
        let (server, url) = try server(waits: true)
        defer { withExtendedLifetime(server) {} }
        let directory = try TemporaryDirectory()
        let file = directory.file("out")
        let first = try Tool.start("get", "--resume", "--output", file, url)
        let patience = Deadline.after(.seconds(20))
        var status = stat()
        // Nothing announces it; how often it is looked at changes nothing.
        while unsafe stat(file + ".part", &status) != 0 || status.st_size < 2000, !patience.hasPassed { usleep(2000) }
        let busy = try Tool.run("get", "--resume", "--output", file, url)
        #expect(busy.status == 1 && busy.errors.contains("(busy)"), "\(busy.errors)")
        #expect(first.end() == 128 + SIGKILL)

        let second = try Tool.run("get", "--resume", "--json", "--output", file, url)
        #expect(
            second.status == 0 && second.output.contains(#""bytes": 5000, "resumedAt": 2000, "#), "\(second.output)")
        #expect(try read(file) == Self.content)
        #expect(try ChildProcess(["ls", directory.path]).readToEnd() == "out\n")
    }

    @Test("The progress goes to standard error, and the body where it goes without")
    func progress() throws {
        let (server, url) = try GetTests.server(#"(200, "x" * 3000, "X", "")"#)
        defer { withExtendedLifetime(server) {} }
        let all = try Tool.run("get", "--progress", url)
        #expect(all.output == String(repeating: "x", count: 3000))
        let lines = all.errors.split(separator: "\n")
        #expect(lines.first?.hasPrefix("minato: 0 of 3000 bytes (0 %), ") == true, "\(lines)")
        #expect(lines.last?.hasPrefix("minato: 3000 of 3000 bytes (100 %), ") == true, "\(lines)")
        let first = try Tool.run("get", "--progress", "--first", "10", url)
        #expect(first.output == "xxxxxxxxxx")
        #expect(first.errors.split(separator: "\n").last?.hasPrefix("minato: 10 of 10 bytes (100 %), ") == true)
        let refused = try Tool.run("get", "--progress", "http://127.0.0.1:1/")
        #expect(refused.errors.split(separator: "\n").count == 1 && refused.errors.contains("(connectionRefused"))
    }
}
