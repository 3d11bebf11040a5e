internal import Glibc
public import MinatoSocket

/// What all servers have in common: an address, and ways to end.
///
/// Not made directly: see ``TCPServer``, ``UnixStreamServer``, ``UDPServer``, ``UnixDatagramServer``. A server is bound from
/// its initializer on, serves once, and is closed for good by ``shutdown()``, ``drain(timeout:)``, or when it is let go of.
///
/// **Threads.** Everything here may be called from any thread at any time, from handlers too.
///
/// Python: `socketserver.BaseServer`.
public class SocketServer: @unchecked Sendable {
    /// Where the server listens, with the port that the kernel chose for port 0. Stays known after the server is closed.
    ///
    /// Python: `server_address`.
    public let address: SocketAddress

    /// The limits that were given.
    public let limits: ServerLimits

    let state: Guarded<ServingState>

    /// Starts a thread. Tests put something that fails here, before they serve.
    var startThread: (@escaping @Sendable () -> Void) throws(SocketError) -> Void = Thread.start

    /// Takes over a socket that is bound, and listens if it is a stream.
    init(_ socket: consuming Socket, limits: ServerLimits, ownsPath: Bool) throws(SocketError) {
        try limits.check()
        address = try socket.localAddress
        self.limits = limits
        // Readiness and the call that takes a connection are two steps, and what was ready may be gone in between: the
        // call must not wait then, since nothing but readiness is woken by a shutdown.
        try socket.setTimeout(.zero)
        state = Guarded(ServingState(Listener(socket, at: address, ownsPath: ownsPath)))
    }

    /// Stops the server for good and ends the connections in flight.
    ///
    /// Returns at once, whatever the server is doing, and never deadlocks. Nothing more is accepted and the listening socket
    /// is closed; the sockets of all connections in flight are shut down in both directions, so that handlers that wait for
    /// them wake up: a receive returns the end of the stream, a send throws `.brokenPipe`. `serveBlocking` returns when the
    /// last handler has; a handler that computes, or waits for something else, is not interrupted.
    ///
    /// Clients that wait to be accepted are reset. One whose connect is just being completed may, on Linux, hear nothing at
    /// all, which is true of every server: clients need time limits.
    ///
    /// May be called any number of times: before serving, and a later `serveBlocking` throws `.closed`; during it, from any
    /// thread, from a handler too; after it, which does nothing. The path of a Unix socket that this server bound is removed.
    ///
    /// Python: `shutdown` and `server_close`. Python's waits for the loop, which deadlocks in a handler, takes up to half a
    /// second, and makes a later `serve_forever` return at once.
    public func shutdown() {
        stopTaking { $0.endWork() }
    }

    /// Stops the server for good, but lets the handlers at work come to their end first.
    ///
    /// Nothing more is accepted from now on. Blocks until no handler is at work or the time is over; then the connections
    /// that are left are shut down as by ``shutdown()``. `serveBlocking` returns afterwards. A ``shutdown()`` of another
    /// thread meanwhile ends them at once. Called from a handler, it neither waits for that handler's own connection, nor
    /// ends it, nor counts it.
    ///
    /// - Parameter timeout: how long to wait. Zero or less: not at all. Nil: for as long as it takes.
    /// - Returns: how many handlers finished and how many connections were ended, counted from the beginning of the call.
    ///
    /// Python has nothing of the kind.
    @discardableResult
    public func drain(timeout: Duration?) -> DrainReport {
        let deadline = Deadline.after(timeout.map { max($0, .zero) })
        let thread = pthread_self()
        let before = stopTaking { ($0.finished, $0.ended) }
        _ = state.wait(until: deadline) { $0.isBusy(besides: thread) ? nil : true }
        return state.withLock { state in
            state.endWork(besides: thread)
            return DrainReport(finished: state.finished - before.0, ended: state.ended - before.1)
        }
    }

    /// Tells whoever serves to stop taking connections, and does something more under the same lock.
    @discardableResult
    private func stopTaking<Result>(_ body: (inout ServingState) -> Result) -> Result {
        let (listener, watch, result) = state.withLock { state in
            let listener = state.stop()
            return (listener, state.watch, body(&state))
        }
        // Closing can take a moment and removes a file: not under the lock.
        _ = consume listener
        state.wakeAll()
        watch?.wake()
        return result
    }

    /// An error that belongs to no connection.
    func report(_ error: any Error) {}
}
