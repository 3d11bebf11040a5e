import Minato
import Synchronization

// The code of the article "Ownership". It is compiled, not run.

private func scope() throws {
    do {
        let socket = try Socket.connect(to: .tcp("localhost", 9999))
        try socket.sendAll("hello\n")
    }  // closed here, also when sendAll throws
}

private func borrowing() throws {
    func greet(_ socket: borrowing Socket) throws(SocketError) {
        try socket.sendAll("hello\n")
    }

    let socket = try Socket.connect(to: .tcp("localhost", 9999))
    try greet(socket)
    try greet(socket)  // still ours
}

private func consuming() throws {
    func serve(_ socket: consuming Socket) throws(SocketError) {
        try socket.sendAll("goodbye\n")
    }

    let accepted = try Socket.listen(on: .tcp("localhost", 0)).accept()
    try serve(accepted.socket)  // given away: it is closed when serve returns
}

private func keeping() throws {
    final class Client: Sendable {
        private let socket: Socket

        init(host: String, port: Int) throws {
            socket = try Socket.connect(to: .tcp(host, port))
        }

        func ask(_ question: [UInt8]) throws -> [UInt8] {
            try socket.sendAll(question)
            return try socket.receive(atMost: 1024)
        }
    }
    _ = try Client(host: "localhost", port: 9999)
}

private func closing() throws {
    let socket = try Socket.connect(to: .tcp("localhost", 9999))
    try socket.sendAll("last words")
    try socket.shutdown(.sending)  // the peer sees the end of the stream
    while try !socket.receive(atMost: 4096).isEmpty {}  // and we see that it has read all
    try socket.close()
}

private func detaching() throws {
    let socket = try Socket.connect(to: .tcp("localhost", 9999))
    let descriptor = socket.detach()  // ours to close now
    let again = try Socket(adopting: descriptor)  // and now the socket's again
    _ = again.family
}

private func waking() async throws {
    let pair = try Socket.pair()
    let socket = pair.first
    await withTaskGroup { group in
        group.addTask { @Sendable in
            _ = try? socket.receive(atMost: 1)  // waits
        }
        try? socket.shutdown(.both)  // wakes it: it returns [], the end of the stream
    }
}

private func handingOver() throws {
    final class Handover: Sendable {
        private let socket: Mutex<Socket?>

        init(_ socket: consuming Socket) { self.socket = Mutex(socket) }

        func take() -> Socket? { socket.withLock { $0.take() } }
    }

    let handover = Handover(try Socket.connect(to: .tcp("localhost", 9999)))
    Task {
        guard let socket = handover.take() else { return }  // whoever comes first
        try socket.sendAll("hello\n")
    }
}
