import TestSupport
import Testing

/// The server programs of the page on a port of the system's choice, which they print first.
private func pageServer(_ kind: String) -> String {
    let handler =
        kind == "TCPServer"
        ? """
            self.data = self.request.recv(1024).strip()
            self.request.sendall(self.data.upper())
        """
        : """
            data = self.request[0].strip()
            socket = self.request[1]
            socket.sendto(data.upper(), self.client_address)
        """
    return """
        import socketserver

        class MyHandler(socketserver.BaseRequestHandler):
            def handle(self):
        \(handler.split(separator: "\n").map { "        " + $0.drop { $0 == " " } }.joined(separator: "\n"))

        if __name__ == "__main__":
            HOST, PORT = "localhost", 0
            with socketserver.\(kind)((HOST, PORT), MyHandler) as server:
                print(server.server_address[1])
                server.serve_forever()
        """
}

@Suite("minato send", .watchdog)
struct SendTests {
    @Test("It talks to the page's Python servers", arguments: [("TCPServer", [String]()), ("UDPServer", ["--udp"])])
    func page(_ kind: String, _ flags: [String]) throws {
        let server = try ChildProcess.python(pageServer(kind))
        let port = try #require(server.readLine())
        let client = try ChildProcess([Tool.path, "send"] + flags + ["localhost", port, "hello", "python"])
        #expect(client.readToEnd() == "Sent:     hello python\nReceived: HELLO PYTHON\n")
        #expect(client.wait() == 0)
    }

    @Test("What fails is said in one line, and wrong arguments are refused")
    func errors() throws {
        let refused = try Tool.run("send", "127.0.0.1", "1", "x")
        #expect(refused.status == 1)
        #expect(refused.errors == "minato: connect tcp 127.0.0.1:1: Connection refused (ECONNREFUSED)\n")
        #expect(try Tool.run("send", "127.0.0.1", "65536", "x").status == 1)
        for timeout in ["nan", "-1", "inf", "1e99", "x"] {
            #expect(try Tool.run("send", "--timeout", timeout, "127.0.0.1", "1", "x").status == 64, "\(timeout)")
        }
        #expect(try Tool.run("--version").output.hasPrefix("minato "))
        #expect(try Tool.run("send", "--help").status == 0)
    }

    @Test("A server that does not answer is given up when the time is over")
    func timeout() throws {
        let silent = try ChildProcess.python(
            "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1]); sys.stdin.read()"
        )
        let port = try #require(silent.readLine())
        let outcome = try Tool.run("send", "--timeout", "0.05", "127.0.0.1", port, "x")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("ETIMEDOUT"))
    }
}
