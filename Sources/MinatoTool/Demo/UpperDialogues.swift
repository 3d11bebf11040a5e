import Minato

/// Programs 5 and 6 of the page: a TCP server with a handler, and its client.
enum UpperTCPDialogue: Dialogue {
    static let title = "TCP server and client (programs 5 and 6)"

    static func run(_ script: Script) async throws {
        let server = try TCPServer(on: .tcp("localhost", 0))
        let received = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve { connection in try await handle(connection, script) } }
            defer { server.shutdown() }
            return try await withConnection(to: .address(server.address), timeout: script.patience) { connection in
                try await connection.write(Words.text + "\n")
                return try await connection.read(atMost: 1024, timeout: script.patience)
            }
        }
        Words.show(received, script)
        try script.verify("the reply", received, is: Array("HELLO FROM MINATO".utf8))
    }

    /// The page's `MyTCPHandler`.
    private static func handle(_ connection: Connection, _ script: Script) async throws {
        let data = try await connection.read(atMost: 1024)
        let client = try connection.remoteAddress.host ?? "?"
        script.show("server", "\(client) wrote: \(String(decoding: data, as: UTF8.self).debugDescription)")
        try await connection.write(script.served(strippedAndUppercased(data)))
    }
}

/// Programs 7 and 8 of the page: a UDP server with a handler, and its client.
enum UpperUDPDialogue: Dialogue {
    static let title = "UDP server and client (programs 7 and 8)"

    static func run(_ script: Script) async throws {
        let server = try UDPServer(on: .udp("localhost", 0))
        let received = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve { request in try await handle(request, script) } }
            defer { server.shutdown() }
            // No connection is needed: the datagram goes straight to its receiver.
            let socket = try await DatagramSocket(boundTo: .udp("localhost", 0))
            try await socket.send(Array((Words.text + "\n").utf8), to: server.address, timeout: script.patience)
            return try await socket.receive(atMost: 1024, timeout: script.patience).bytes
        }
        Words.show(received, script)
        try script.verify("the reply", received, is: Array("HELLO FROM MINATO".utf8))
    }

    /// The page's `MyUDPHandler`.
    private static func handle(_ request: AsyncDatagramRequest, _ script: Script) async throws {
        script.show("server", "\(request.sender.host ?? "?") wrote a datagram of \(request.bytes.count) bytes")
        try await request.reply(script.served(strippedAndUppercased(request.bytes)))
    }
}

/// What both clients say and show.
private enum Words {
    static let text = "hello from Minato"

    static func show(_ received: [UInt8], _ script: Script) {
        script.show("client", "Sent:     \(text)")
        script.show("client", "Received: \(String(decoding: received, as: UTF8.self))")
    }
}
