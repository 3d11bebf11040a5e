internal import Glibc
internal import MinatoServer
internal import MinatoSocket

/// Shuts a server down when SIGTERM comes: a thread that waits for it.
final class SignalWatch: Sendable {
    private let signals: SignalDescriptor

    init(_ signals: consuming SignalDescriptor) { self.signals = signals }

    private final class Work: Sendable {
        let signals: SignalWatch
        let server: SocketServer

        init(_ signals: SignalWatch, _ server: SocketServer) {
            self.signals = signals
            self.server = server
        }
    }

    /// Starts watching.
    func start(for server: SocketServer) {
        let work = unsafe Unmanaged.passRetained(Work(self, server))
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { work in
                guard let work = unsafe work else { return nil }
                let taken = unsafe Unmanaged<Work>.fromOpaque(work).takeRetainedValue()
                _ = try? taken.signals.signals.read()
                taken.server.shutdown()
                return nil
            }, work.toOpaque())
        // Without it the server would not end, so it does not begin.
        if result != 0 { exit(EXIT_FAILURE) }
    }
}
