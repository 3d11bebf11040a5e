internal import Glibc
internal import MinatoServer
internal import MinatoSocket

/// `minato-echo`: Minato's servers, each face as its users call it.
///
/// It prints "port N" and serves until SIGTERM; then it prints "loop N COUNT" for each loop, if it has any: how many
/// connections that loop has served.
@main
struct MinatoEcho {
    static func main() async {
        let options = Options(CommandLine.arguments)
        do {
            // Before the first task: the threads that start then inherit what is blocked.
            let signals = try SignalDescriptor([SIGTERM])
            switch options.face {
            case .blocking: try serveBlocking(options, until: signals)
            case .async, .asyncTimeout: try await serveAsync(options, until: signals)
            case .responder: try await serveResponder(options, until: signals)
            }
        } catch {
            print(error)
            exit(EXIT_FAILURE)
        }
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
