import Glibc
import TestSupport
import Testing

@Suite("minato connect", .watchdog)
struct ConnectTests {
    /// A server of Python's own, which prints its port.
    private func python(_ program: String) throws -> (ChildProcess, port: String) {
        let server = try ChildProcess.python(program)
        return (server, try #require(server.readLine()))
    }

    /// Runs the tool with so many bytes of input, not all of which it may read.
    private func zeros(_ count: Int, _ command: String) throws -> (status: Int32, errors: String) {
        let shell = try ChildProcess(["sh", "-c", "head -c \(count) /dev/zero 2>/dev/null | '\(Tool.path)' \(command)"])
        let errors = shell.readErrors()
        return (shell.wait(), errors)
    }

    @Test("All that is sent comes back from an echo server: streams and datagrams, by port, path and name")
    func echo() throws {
        let directory = try TemporaryDirectory()
        let name = "@minato-\(getpid())-connect"
        let places = [
            ("unix", directory.file("s")), ("unix", name), ("unixgram", directory.file("d")), ("unixgram", name + "d"),
        ]
        for (transport, path) in places {
            let server = try RunningServer(transport, "--path", path, "--handler", "echo")
            let outcome = try Tool.run("connect", transport, "--path", path, input: "one\ntwo")
            #expect(outcome.output == "one\ntwo" && outcome.status == 0, "\(transport) \(path): \(outcome)")
            #expect(server.terminate() == 0)
        }
        // No more than a pipe holds: nobody reads before all is written.
        let much = String(repeating: "0123456789", count: 6000)
        for (transport, text) in [("tcp", much), ("udp", much), ("tcp", ""), ("udp", "")] {
            let server = try RunningServer(transport, "--handler", "echo")
            let outcome = try Tool.run("connect", transport, "--port", server.port, input: text)
            #expect(outcome.output == text && outcome.status == 0, "\(transport): \(outcome.errors)")
            #expect(server.terminate() == 0)
        }
    }

    @Test("The end of the input is told, and what the server says after it is written")
    func halfClose() throws {
        let (server, port) = try python(
            """
            import socket
            listener = socket.create_server(("127.0.0.1", 0))
            print(listener.getsockname()[1], flush=True)
            connection, _ = listener.accept()
            count = 0
            while piece := connection.recv(100):
                count += len(piece)
            connection.sendall(f"{count} bytes".encode())
            """)
        #expect(try Tool.run("connect", "tcp", "--port", port, input: "twelve bytes").output == "12 bytes")
        #expect(server.wait() == 0)
    }

    @Test("When the server has ended, so does the command, though its input has not")
    func serverEnds() throws {
        let (server, port) = try python(
            """
            import socket
            listener = socket.create_server(("127.0.0.1", 0))
            print(listener.getsockname()[1], flush=True)
            listener.accept()[0].sendall(b"bye")
            """)
        let client = try Tool.start("connect", "tcp", "--port", port)
        #expect(client.readToEnd() == "bye")
        #expect(client.wait() == 0)
        #expect(server.wait() == 0)
    }

    @Test("What fails is said in one line")
    func failures() throws {
        let refused = try Tool.run("connect", "tcp", "--host", "127.0.0.1", "--port", "1", input: "")
        #expect(refused.status == 1)
        #expect(refused.errors == "minato: connect tcp 127.0.0.1:1: Connection refused (ECONNREFUSED)\n")
        let server = try RunningServer("udp", "--handler", "echo")
        let long = try zeros(70_000, "connect udp --port \(server.port)")
        #expect(long.status == 1)
        #expect(long.errors.contains("EMSGSIZE"))
        let (silent, port) = try python(
            "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()"
        )
        let late = try Tool.run("connect", "tcp", "--port", port, "--timeout", "0.05", input: "x")
        #expect(late.status == 1)
        #expect(late.errors.contains("ETIMEDOUT"))
        silent.closeInput()
        #expect(silent.wait() == 0)
    }

    @Test("A server that resets while it is sent to is told in one line")
    func reset() throws {
        let (server, port) = try python(
            """
            import socket, struct
            listener = socket.create_server(("127.0.0.1", 0))
            print(listener.getsockname()[1], flush=True)
            connection, _ = listener.accept()
            connection.recv(1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            """)
        let outcome = try zeros(8 << 20, "connect tcp --port \(port)")
        #expect(outcome.status == 1)
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("ECONNRESET") || outcome.errors.contains("EPIPE"), "\(outcome.errors)")
        #expect(server.wait() == 0)
    }

    @Test("Wrong arguments are refused")
    func arguments() throws {
        #expect(try Tool.run("connect", "tcp").status == 64)
        #expect(try Tool.run("connect", "unix").status == 64)
        #expect(try Tool.run("connect", "unix", "--port", "1").status == 64)
        #expect(try Tool.run("connect", "udp", "--path", "/x").status == 64)
        #expect(try Tool.run("connect", "unixgram", "--path", "/no/such/place", input: "").status == 1)
    }

    @Test("Standard streams that are closed are nobody else's: an error, and no socket that is taken for them")
    func closedStreams() throws {
        let server = try RunningServer("tcp", "--handler", "echo")
        func shell(_ command: String) throws -> (status: Int32, output: String, errors: String) {
            let shell = try ChildProcess(["sh", "-c", command])
            shell.closeInput()
            let (output, errors) = (shell.readToEnd(), shell.readErrors())
            return (shell.wait(), output, errors)
        }
        let tool = "'\(Tool.path)'"
        let connect = "\(tool) connect tcp --port \(server.port)"
        // No input: the server is told the end, and sends nothing back.
        #expect(try shell("\(connect) <&-") == (0, "", ""))
        let output = try shell("echo abc | \(connect) >&-")
        #expect(output.status == 1)
        #expect(output.errors == "minato: write standard output: Bad file descriptor\n")
        #expect(try shell("\(tool) get data:,abc >&-").errors == "minato: write standard output: Bad file descriptor\n")
        #expect(try shell("\(tool) get data:,abc <&- 2>&-") == (0, "abc", ""))
        #expect(server.terminate() == 0)
    }

    @Test(
        "Threads start in a program with much thread-local memory, for which their own stacks are too small",
        .disabled(if: Sanitizer.isPresent, "a sanitizer and a library that is preloaded exclude each other"))
    func threadLocalMemory() throws {
        let directory = try TemporaryDirectory()
        let source =
            "__thread char large[600000] __attribute__((tls_model(\"initial-exec\"))); char *f(void) { return large; }"
        _ = try directory.write("large.c", Array(source.utf8))
        let library = directory.file("large.so")
        let compiler = try ChildProcess(["gcc", "-shared", "-fPIC", "-o", library, directory.file("large.c")])
        #expect(compiler.wait() == 0, "\(compiler.readErrors())")
        let server = try RunningServer(
            "tcp", "--handler", "echo", "--face", "async", under: ["env", "LD_PRELOAD=\(library)"])
        #expect(try Tool.run("connect", "tcp", "--port", server.port, input: "abc").output == "abc")
        #expect(server.terminate() == 0)
    }
}
