import FlyingSocks
import Foundation
import Glibc

/// `flyingsocks-echo`: FlyingFox's sockets, with the pool and the group of tasks that its HTTP server has.
@main
struct FlyingSocksEcho {
    static func main() async throws {
        let pool: some AsyncSocketPool = .make()
        try await pool.prepare()
        let listener = try Socket(domain: AF_INET)
        try listener.setValue(true, for: .localAddressReuse)
        try listener.bind(to: .inet(ip4: "127.0.0.1", port: 0))
        try listener.listen()
        if case .ip4(_, let port) = try listener.sockname() { print("port \(port)") }
        // The default action of SIGTERM ends the program.
        fflush(nil)

        let server = try AsyncSocket(socket: listener, pool: pool)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pool.run() }
            group.addTask { try await serve(server) }
            try await group.next()
        }
    }

    static func serve(_ server: AsyncSocket) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for try await connection in server.sockets {
                group.addTask {
                    // At the end of the stream the read throws.
                    try? await echo(connection)
                    try? connection.close()
                }
            }
        }
    }

    static func echo(_ connection: AsyncSocket) async throws {
        let noDelay = BoolSocketOption(level: Int32(IPPROTO_TCP), name: TCP_NODELAY)
        try connection.socket.setValue(true, for: noDelay)
        while true { try await connection.write(Data(connection.read(atMost: 65_536))) }
    }
}
