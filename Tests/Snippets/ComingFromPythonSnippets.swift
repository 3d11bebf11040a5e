import Minato

// The code of the article "Coming from Python", but for URLs. It is compiled, not run.

private func echoServer() throws {
    let listener = try Socket.listen(on: .tcp("", 50007), backlog: 1)
    let accepted = try listener.accept()
    print("connected by", accepted.address)
    while true {
        let data = try accepted.socket.receive(atMost: 1024)
        if data.isEmpty { break }
        try accepted.socket.sendAll(data)
    }
}

private func echoClient() throws {
    let socket = try Socket.connect(to: .tcp("daring.cwi.nl", 50007))
    try socket.sendAll("Hello, world")
    let data = try socket.receive(atMost: 1024)
    print("received", String(decoding: data, as: UTF8.self))
}

private func echoServerVerbByVerb() throws {
    let socket = try Socket(.ipv4, .stream)
    try socket.bind(to: .tcp("", 50007))
    try socket.listen(backlog: 1)
    let accepted = try socket.accept()
    print("connected by", accepted.address)
}

private func upperServer() throws {
    struct UpperHandler: RequestHandler {
        func handle(_ request: borrowing Socket, from client: SocketAddress) throws {
            let data = stripped(try request.receive(atMost: 1024))
            print(client.host ?? "", "wrote:", String(decoding: data, as: UTF8.self))
            try request.sendAll(uppercased(data))
        }
    }

    let server = try TCPServer(on: .tcp("localhost", 9999))
    try server.serveBlocking(with: UpperHandler.init)
}

private func upperClient() throws {
    let text = CommandLine.arguments.dropFirst().joined(separator: " ")
    let socket = try Socket.connect(to: .tcp("localhost", 9999))
    try socket.sendAll(text + "\n")
    let received = try socket.receive(atMost: 1024)
    print("Sent:    ", text)
    print("Received:", String(decoding: received, as: UTF8.self))
}

private func upperDatagramServer() throws {
    let server = try UDPServer(on: .udp("localhost", 9999))
    try server.serveBlocking { request in
        let data = stripped(request.bytes)
        print(request.sender.host ?? "", "wrote:", String(decoding: data, as: UTF8.self))
        try request.reply(uppercased(data))
    }
}

private func upperDatagramClient() throws {
    let text = CommandLine.arguments.dropFirst().joined(separator: " ")
    var socket = try Socket(.ipv4, .datagram)
    try socket.setTimeout(.seconds(5))  // a datagram can be lost
    let server = try SocketAddress(host: "127.0.0.1", port: 9999)
    try socket.send(Array((text + "\n").utf8), to: server)
    let received = try socket.receive(atMost: 1024)
    print("Sent:    ", text)
    print("Received:", String(decoding: received, as: UTF8.self))
}

func stripped(_ bytes: [UInt8]) -> [UInt8] {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
    guard let end = bytes.lastIndex(where: { !isSpace($0) }) else { return [] }
    return Array(bytes[...end].drop(while: isSpace))
}

func uppercased(_ bytes: [UInt8]) -> [UInt8] {
    bytes.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) ? $0 - 0x20 : $0 }
}

private func errors() throws {
    do {
        let socket = try Socket.connect(to: .tcp("localhost", 9999))
        try socket.sendAll("hello")
    } catch {
        // The type of the error is known here: no cast.
        guard error.code == .connectionRefused else { throw error }
        print("nobody listens:", error)
    }
}

private func lines(over socket: consuming Socket) throws {
    var file = BufferedSocket(socket)
    while let line = try file.readLine(limit: 8192) {
        print(String(decoding: line, as: UTF8.self), terminator: "")
    }
}

private func readiness(_ first: borrowing Socket, _ second: borrowing Socket) throws {
    var selector = try Selector<String>()
    try selector.register(first, for: .read, value: "first")
    try selector.register(second, for: .read, value: "second")
    for ready in try selector.select(timeout: .seconds(5)) {
        print(ready.value, "can be read")
    }
}

private func echoServerInTasks() async throws {
    let server = try TCPServer(on: .tcp("localhost", 9999))
    try await server.serve { connection in
        while let line = try await connection.readLine() {
            try await connection.write(line)
        }
    }
}

private func echoClientInTasks() async throws -> [UInt8]? {
    let line = try await withConnection(to: .tcp("localhost", 9999)) { connection in
        try await connection.write("hello\n")
        return try await connection.readLine(timeout: .seconds(5))
    }
    return line
}
