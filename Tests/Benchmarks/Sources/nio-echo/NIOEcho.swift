import Glibc
import NIOCore
import NIOPosix

/// `nio-echo --face handler|async`: SwiftNIO's two faces, on one event loop. It is as its documentation sets a server up:
/// what is not named here has its default.
@main
struct NIOEcho {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.first == "--face", let face = arguments.dropFirst().first else { usage() }
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        switch face {
        case "handler": try await serveWithHandler(bootstrap)
        case "async": try await serveWithTasks(bootstrap)
        default: usage()
        }
    }

    static func serveWithHandler(_ bootstrap: ServerBootstrap) async throws {
        let server = try await bootstrap.childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandlers(BackPressureHandler(), EchoHandler())
            }
        }.bind(host: "127.0.0.1", port: 0).get()
        announce(server.localAddress)
        try await server.closeFuture.get()
    }

    static func serveWithTasks(_ bootstrap: ServerBootstrap) async throws {
        let server = try await bootstrap.bind(host: "127.0.0.1", port: 0) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
        announce(server.channel.localAddress)
        try await withThrowingDiscardingTaskGroup { group in
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    group.addTask { try? await echo(connection) }
                }
            }
        }
    }

    static func echo(_ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async throws {
        try await connection.executeThenClose { inbound, outbound in
            for try await bytes in inbound { try await outbound.write(bytes) }
        }
    }

    /// What the runner reads. The default action of SIGTERM ends the program.
    static func announce(_ address: SocketAddress?) {
        print("port \(address?.port ?? 0)")
        fflush(nil)
    }

    static func usage() -> Never {
        print("usage: nio-echo --face handler|async")
        exit(64)
    }
}
