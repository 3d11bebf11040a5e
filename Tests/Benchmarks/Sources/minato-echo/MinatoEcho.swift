internal import Glibc
internal import MinatoServer
internal import MinatoSocket

/// `minato-echo`: Minato's servers, each face as its users call it.
///
/// It prints "port N" and serves until SIGTERM; then it prints "loop N COUNT" for each loop, if it has any: how many
/// connections that loop has served.
@main
struct MinatoEcho {
    /// Not an asynchronous function: while the task of one waits, Swift keeps the main thread in sigsuspend(2) with an empty
    /// mask, and so SIGTERM ends the process whatever its other threads block.
    static func main() {
        let options = Options(CommandLine.arguments)
        do {
            // Before the first task: the threads that start then inherit what is blocked.
            let watch = SignalWatch(try SignalDescriptor([SIGTERM]))
            switch options.face {
            case .blocking: try serveBlocking(options, until: watch)
            case .async, .asyncTimeout: run { try await serveAsync(options, until: watch) }
            case .responder: run { try await serveResponder(options, until: watch) }
            }
        } catch {
            fail(error)
        }
    }

    /// Runs a task to its end, and the process with it.
    private static func run(_ serve: @escaping @Sendable () async throws -> Void) -> Never {
        Task {
            do { try await serve() } catch { fail(error) }
            exit(EXIT_SUCCESS)
        }
        while true { pause() }
    }

    private static func fail(_ error: any Error) -> Never {
        print(error)
        exit(EXIT_FAILURE)
    }

    /// What the runner reads when the server can be connected to.
    static func announce(_ server: SocketServer) {
        print("port \(server.address.port ?? 0)")
        fflush(nil)
    }

    /// What the runner reads at the end.
    static func report(_ connectionsPerLoop: [Int]) {
        for (loop, count) in connectionsPerLoop.enumerated() { print("loop \(loop) \(count)") }
    }
}
