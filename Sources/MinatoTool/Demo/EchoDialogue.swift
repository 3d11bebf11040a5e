import Minato

/// Programs 1 and 2 of the page: an echo server and its client, on plain sockets.
enum EchoDialogue: Dialogue {
    static let title = "TCP echo, on plain sockets (programs 1 and 2)"

    static func run(_ script: Script) throws {
        let listener = try Socket.listen(on: .tcp("", 0), backlog: 1)
        guard let port = try listener.localAddress.port else { throw SocketError(.address, .notFound) }
        let box = ListenerBox(listener)
        let server = try ServingThread { () throws(SocketError) in try serve(box, script) }
        let reply = try talk(to: port, script)
        try server.join()
        try script.verify("the echo", reply, is: Array(greeting.utf8))
    }

    private static let greeting = "Hello, world"

    /// Hands the listening socket to the server's thread.
    private final class ListenerBox: Sendable {
        let socket: Socket
        init(_ socket: consuming Socket) { self.socket = socket }
    }

    /// The server: one client, everything back until its end.
    private static func serve(_ listener: ListenerBox, _ script: Script) throws(SocketError) {
        var accepted = try listener.socket.accept()
        try accepted.socket.setTimeout(script.patience)
        script.show("server", "Connected by \(accepted.address)")
        while true {
            let data = try accepted.socket.receive(atMost: 1024)
            if data.isEmpty { break }
            try accepted.socket.sendAll(script.served(data))
        }
    }

    /// The client.
    private static func talk(to port: Int, _ script: Script) throws -> [UInt8] {
        let socket = try Socket.connect(to: .tcp("localhost", port), timeout: script.patience)
        try socket.sendAll(greeting)
        let data = try socket.receive(atMost: 1024)
        script.show("client", "Received \(String(decoding: data, as: UTF8.self).debugDescription)")
        return data
    }
}
