import Minato

/// Programs 1 and 2 of the page: an echo server for one client, and its client.
enum EchoDialogue: Dialogue {
    static let title = "TCP echo (programs 1 and 2)"

    static func run(_ script: Script) async throws {
        let listener = try await Listener(on: .tcp("", 0), backlog: 1)
        defer { listener.close() }
        guard let port = listener.localAddress.port else { throw SocketError(.address, .notFound) }
        let reply = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serve(listener, script) }
            let reply = try await talk(to: port, script)
            try await group.next()
            return reply
        }
        try script.verify("the echo", reply, is: Array(greeting.utf8))
    }

    private static let greeting = "Hello, world"

    /// The server: one client, everything back until its end.
    private static func serve(_ listener: Listener, _ script: Script) async throws {
        let connection = try await listener.accept(timeout: script.patience)
        defer { connection.close() }
        script.show("server", "Connected by \(try connection.remoteAddress)")
        for try await data in connection.chunks { try await connection.write(script.served(data)) }
    }

    /// The client.
    private static func talk(to port: Int, _ script: Script) async throws -> [UInt8] {
        try await withConnection(to: .tcp("localhost", port), timeout: script.patience) { connection in
            try await connection.write(greeting)
            let data = try await connection.read(atMost: 1024, timeout: script.patience)
            script.show("client", "Received \(String(decoding: data, as: UTF8.self).debugDescription)")
            return data
        }
    }
}
