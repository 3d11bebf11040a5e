import Minato

/// Programs 5 and 6 of the page: a TCP server with a handler, and its client.
enum UpperTCPDialogue: Dialogue {
    static let title = "TCP server and client (programs 5 and 6)"

    /// The page's `MyTCPHandler`.
    private struct Handler: RequestHandler {
        let script: Script

        mutating func handle(_ request: borrowing Socket, from client: SocketAddress) throws {
            let data = try request.receive(atMost: 1024)
            script.show(
                "server", "\(client.host ?? "?") wrote: \(String(decoding: data, as: UTF8.self).debugDescription)")
            try request.sendAll(script.served(strippedAndUppercased(data)))
        }
    }

    static func run(_ script: Script) throws {
        let server = try TCPServer(on: .tcp("localhost", 0))
        let serving = try ServingThread { () throws(SocketError) in
            try server.serveBlocking(with: { Handler(script: script) })
        }
        defer { server.shutdown() }
        let socket = try Socket.connect(to: .address(server.address), timeout: script.patience)
        let received = try Words.exchange(over: socket, script)
        server.shutdown()
        try serving.join()
        try script.verify("the reply", received, is: Array("HELLO FROM MINATO".utf8))
    }
}

/// Programs 7 and 8 of the page: a UDP server with a handler, and its client.
enum UpperUDPDialogue: Dialogue {
    static let title = "UDP server and client (programs 7 and 8)"

    static func run(_ script: Script) throws {
        let server = try UDPServer(on: .udp("localhost", 0))
        let serving = try ServingThread { () throws(SocketError) in
            try server.serveBlocking { request in
                script.show("server", "\(request.sender.host ?? "?") wrote a datagram of \(request.bytes.count) bytes")
                try request.reply(script.served(strippedAndUppercased(request.bytes)))
            }
        }
        defer { server.shutdown() }
        // No connection is needed: the datagram goes straight to its receiver.
        var socket = try Socket(server.address.family, .datagram)
        try socket.setTimeout(script.patience)
        try socket.send(Array((Words.text + "\n").utf8), to: server.address)
        let received = try socket.receive(atMost: 1024)
        Words.show(received, script)
        server.shutdown()
        try serving.join()
        try script.verify("the reply", received, is: Array("HELLO FROM MINATO".utf8))
    }
}

/// What both clients say and show.
private enum Words {
    static let text = "hello from Minato"

    static func exchange(over socket: borrowing Socket, _ script: Script) throws -> [UInt8] {
        try socket.sendAll(text + "\n")
        let received = try socket.receive(atMost: 1024)
        show(received, script)
        return received
    }

    static func show(_ received: [UInt8], _ script: Script) {
        script.show("client", "Sent:     \(text)")
        script.show("client", "Received: \(String(decoding: received, as: UTF8.self))")
    }
}
