internal import Glibc
internal import MinatoServer
internal import MinatoSocket

/// Shuts a server down when SIGTERM comes: a thread that waits for it.
final class SignalWatch: Sendable {
    private let signals: SignalDescriptor
    private let server: SocketServer

    private init(_ signals: consuming SignalDescriptor, _ server: SocketServer) {
        self.signals = signals
        self.server = server
    }

    private func wait() {
        _ = try? signals.read()
        server.shutdown()
    }

    /// Starts watching.
    static func start(_ signals: consuming SignalDescriptor, for server: SocketServer) {
        let watch = unsafe Unmanaged.passRetained(SignalWatch(signals, server))
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { watch in
                if let watch = unsafe watch {
                    unsafe Unmanaged<SignalWatch>.fromOpaque(watch).takeRetainedValue().wait()
                }
                return nil
            }, watch.toOpaque())
        // Without it the server would not end, so it does not begin.
        if result != 0 { exit(EXIT_FAILURE) }
    }
}
