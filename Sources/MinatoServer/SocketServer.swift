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
    var startThread: (@escaping @Sendable () -> Void) throws(SocketError) -> Void = {
        (run) throws(SocketError) in try Thread.start(.worker, run)
    }

    /// How long a drain waits for the first byte of a responder's client: it was sent together with the connect, or it is not
    /// coming. Tests put another time here, before they serve.
    final var drainGrace: Duration = .milliseconds(250)

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
    /// is closed. What is in flight ends: under `serve` the handlers' tasks are cancelled and their connections closed, so that
    /// their operations throw `.closed` or `.cancelled`; a responder's connections are closed; under `serveBlocking` the
    /// sockets are shut down in both directions, so that a receive returns the end of the stream and a send throws
    /// `.brokenPipe`. Whoever serves returns when the last handler has; one that computes is not interrupted.
    ///
    /// Clients that wait to be accepted are reset. One whose connect is just being completed may, on Linux, hear nothing at
    /// all, which is true of every server: clients need time limits.
    ///
    /// May be called any number of times: before serving, and a later `serve` throws `.closed`; during it, from any thread,
    /// from a handler too; after it, which does nothing. The path of a Unix socket that this server bound is removed.
    ///
    /// Python: `shutdown` and `server_close`. Python's waits for the loop, which deadlocks in a handler, takes up to half a
    /// second, and makes a later `serve_forever` return at once.
    public func shutdown() {
        for endable in stopTaking({ $0.endWork() }) { endable.end(givingUp: false) }
    }

    /// Stops the server for good, but lets the handlers at work come to their end first.
    ///
    /// Nothing more is accepted from now on. Returns when nothing is in flight any more, or when the time is over: then what
    /// is left is ended as by ``shutdown()``, and a TCP client that has not taken what it was sent gets a reset. Whoever serves
    /// returns afterwards. A ``shutdown()`` meanwhile ends everything at once, and so does the cancellation of the task that
    /// drains. Called from a handler, it neither waits for that handler's own connection, nor ends it, nor counts it.
    ///
    /// Under `serve`, clients who wait in the kernel's queue at this moment are taken and served too, within
    /// ``ServerLimits/maxConnections``. A handler's connection is in flight until the handler returns, although it may only wait
    /// for another request: so give the drain a time limit. A responder's connection is in flight while a part of a request has
    /// come and while some of its output is unsent; one that is at rest is closed at once, and one whose client has never said
    /// anything when a quarter of a second has passed.
    ///
    /// - Parameter timeout: how long to wait. Zero or less: not at all. Nil: for as long as it takes.
    /// - Returns: how many handlers finished and how many connections were ended, counted from the beginning of the call.
    ///
    /// Python has nothing of the kind.
    @discardableResult
    public func drain(timeout: Duration?) async -> DrainReport {
        let me = WorkerID.thisTask
        let before = stopTaking { ($0.finished, $0.ended) }
        let state = state
        await withTaskGroup(of: Void.self) { group in
            if let timeout { group.addTask { try? await Task.sleep(for: timeout.forSleeping) } }
            group.addTask {
                while !Task.isCancelled, let gate = state.withLock({ $0.gateUnlessDone(besides: me) }) {
                    await gate.wait()
                }
            }
            await group.next()
            group.cancelAll()
        }
        return endAll(besides: me, since: before)
    }

    /// As ``drain(timeout:)``, for a thread: blocks it. Not to be called on the thread of an event loop.
    ///
    /// - Parameter timeout: as ``drain(timeout:)``.
    /// - Returns: as ``drain(timeout:)``.
    @discardableResult
    public func drainBlocking(timeout: Duration?) -> DrainReport {
        let deadline = Deadline.after(timeout.map { max($0, .zero) })
        let me = WorkerID.thisThread
        let before = stopTaking { ($0.finished, $0.ended) }
        _ = state.wait(until: deadline) { $0.isBusy(besides: me) ? nil : true }
        return endAll(besides: me, since: before)
    }

    private func endAll(besides worker: WorkerID, since before: (finished: Int, ended: Int)) -> DrainReport {
        let (told, report) = state.withLock { state in
            let told = state.endWork(besides: worker, givingUp: true)
            return (told, DrainReport(finished: state.finished - before.finished, ended: state.ended - before.ended))
        }
        for endable in told { endable.end(givingUp: true) }
        state.announce()
        return report
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
        state.announce()
        watch?.wake()
        return result
    }

    /// An error that belongs to no connection.
    func report(_ error: any Error) {}
}
