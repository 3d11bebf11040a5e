import TestSupport
import Testing

/// Standard streams of every kind: what cannot be read or written is told, and what does not block is waited for.
@Suite("Standard streams of minato", .watchdog)
struct StandardStreamsTests {
    private static let tool = "'\(Tool.path)'"

    /// What a line of the shell gave; one that does not end by itself is ended, with status 124.
    private func shell(_ command: String) throws -> (status: Int32, output: String, errors: String) {
        let shell = try ChildProcess(["timeout", "60", "sh", "-c", command])
        shell.closeInput()
        let (output, errors) = (shell.readToEnd(), shell.readErrors())
        return (shell.wait(), output, errors)
    }

    /// It used to be taken for the end of the input, with status 0.
    @Test("Input that cannot be read is an error, and a server of TCP sees a reset: not a part that looks whole")
    func unreadable() throws {
        let server = try ChildProcess.python(
            """
            import socket
            listener = socket.create_server(("127.0.0.1", 0))
            print(listener.getsockname()[1], flush=True)
            try:
                print(listener.accept()[0].recv(100))
            except ConnectionResetError:
                print("reset")
            """)
        let port = try #require(server.readLine())
        let outcome = try shell("\(Self.tool) connect tcp --port \(port) </")
        #expect(outcome == (1, "", "minato: read standard input: Is a directory\n"))
        #expect(server.readLine() == "reset")
        #expect(server.wait() == 0)

        let directory = try TemporaryDirectory()
        for transport in ["unix", "unixgram"] {
            let path = directory.file(transport)
            let server = try RunningServer(transport, "--path", path, "--handler", "echo")
            let outcome = try shell("\(Self.tool) connect \(transport) --path '\(path)' </")
            #expect(outcome == (1, "", "minato: read standard input: Is a directory\n"))
            #expect(server.terminate() == 0)
        }
    }

    /// It used to end where there was nothing to read yet.
    @Test("Input that does not block is waited for")
    func nonBlockingInput() throws {
        let server = try RunningServer("tcp", "--handler", "echo")
        let client = try ChildProcess.python(
            """
            import os, subprocess, sys
            reader, writer = os.pipe()
            os.set_blocking(reader, False)
            tool = subprocess.Popen(sys.argv[1:], stdin=reader, stdout=subprocess.PIPE)
            os.close(reader)
            os.write(writer, b"one")
            print(tool.stdout.read(3))
            try:
                os.write(writer, b"two")
            except BrokenPipeError:
                print("broken")
            os.close(writer)
            print(tool.stdout.read(), tool.wait())
            """, Tool.path, "connect", "tcp", "--port", server.port)
        #expect(client.readToEnd() == "b'one'\nb'two' 0\n")
        #expect(server.terminate() == 0)
    }

    /// It used to end where the pipe was full.
    @Test("Output that does not block is waited for")
    func nonBlockingOutput() throws {
        let (server, url) = try GetTests.server(#"(200, "x" * 200000, "X", "y")"#)
        defer { withExtendedLifetime(server) {} }
        let client = try ChildProcess.python(
            """
            import fcntl, os, subprocess, sys
            reader, writer = os.pipe()
            fcntl.fcntl(writer, 1031, 4096)  # F_SETPIPE_SZ: it is full nearly always.
            os.set_blocking(writer, False)
            tool = subprocess.Popen(sys.argv[1:], stdout=writer)
            os.close(writer)
            count = 0
            while piece := os.read(reader, 16):
                count += len(piece)
            os.close(reader)
            print(count, tool.wait())
            """, Tool.path, "get", url)
        #expect(client.readToEnd() == "200000 0\n", "\(client.readErrors())")
    }

    /// They used to succeed; `serve` went on at a place that nobody knew.
    @Test("Output that cannot be written fails every command", arguments: [">/dev/full", ">&-"])
    func unwritable(_ output: String) throws {
        let reason = output == ">&-" ? "Bad file descriptor" : "No space left on device"
        let server = try RunningServer("tcp")
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let commands = [
            "get data:,abc", "get --json data:,abc", "get --json gopher://127.0.0.1/",
            "send localhost \(server.port) x",
            "connect tcp --port \(server.port) <'\(try directory.write("word", Array("word".utf8)))'", "demo",
            "serve tcp",
            "serve udp --face blocking", "serve unix --path '\(path)' --face responder",
        ]
        for command in commands {
            let outcome = try shell("exec \(Self.tool) \(command) \(output)")
            #expect(outcome == (1, "", "minato: write standard output: \(reason)\n"), "\(command)")
        }
        #expect(try ChildProcess(["ls", directory.path]).readToEnd() == "word\n", "the server's path is gone")
        #expect(server.terminate() == 0)
    }
}
