@_spi(Loops) public import MinatoLoop
internal import MinatoSocket

// The responder face: no task for a connection.

extension StreamServer {
    /// Serves connections with responders, until ``SocketServer/shutdown()`` or ``SocketServer/drain(timeout:)``.
    ///
    ///     try await server.serve(responder: { _ in Echo() })
    ///
    /// **What waits.** Only the task that calls. It returns when the server has been stopped and every connection is closed.
    ///
    /// **The loop.** A responder is called by the loop that has its connection, without a task and without a lock: what it does
    /// holds up every other connection of that loop, so it must neither block nor compute for long. It never has to wait for
    /// its client: what the client does not take is kept, within ``ServerLimits/outputLimit``, and sent as it takes it. An idle
    /// connection has no buffer. TCP_NODELAY is set.
    ///
    /// **Ends of a connection.** The client ends its stream: ``StreamResponder/end(rest:output:)`` is called, the output is sent,
    /// and the connection is closed. The responder closes it: the output is sent, the client is told the end, and has until it
    /// ends its own side, at most 2 s, to receive it; what it still sends is dropped. If nothing was ever sent, it is closed at
    /// once. The responder throws, or breaks a rule: it is closed at once, and told to ``StreamServerHooks/onError``. The
    /// client is silent: after ``ServerLimits/firstByteTimeout`` for the first byte, after ``ServerLimits/idleTimeout`` since
    /// the last, after ``ServerLimits/writeTimeout`` since it took something while it has not taken all; told to
    /// ``StreamServerHooks/onTimeout``. Its input grows beyond ``ServerLimits/inputLimit``: `.limitExceeded`.
    ///
    /// **Limits and cancellation** are as for ``serve(on:_:)-(_,(Connection)->Void)``. A drain lets it finish what has begun: see
    /// ``SocketServer/drain(timeout:)``.
    ///
    /// - Parameters:
    ///   - loops: the loops to serve on. Default: ``EventLoopGroup/shared``, one for each processor.
    ///   - make: makes the responder of a connection, on the connection's loop; it is told the client's address, as the
    ///     header tells it with ``StreamServerHooks/proxyProtocol``. What it throws is told to ``StreamServerHooks/onError``, and
    ///     the connection is closed.
    /// - Throws: as ``serve(on:_:)-(_,(Connection)->Void)``. Not thrown: what responders throw.
    ///
    /// Python: `asyncio.Protocol`, `loop.create_server`. See accept4(2), epoll(7).
    @inlinable
    public nonisolated(nonsending) func serve<Responder: StreamResponder>(
        on loops: EventLoopGroup = .shared,
        responder make: @escaping @Sendable (_ client: SocketAddress) throws -> Responder
    ) async throws(SocketError) {
        unsafe try await serve(on: loops, ResponderKind(Responder.self)) { (client, place) in
            unsafe place.initializeMemory(as: Responder.self, to: try make(client))
        }
    }

    /// - Parameter make: puts a responder of the kind into memory.
    @usableFromInline
    nonisolated(nonsending) func serve(
        on loops: EventLoopGroup, _ kind: ResponderKind,
        _ make: @escaping @Sendable (_ client: SocketAddress, _ place: UnsafeMutableRawPointer) throws -> Void
    ) async throws(SocketError) {
        let responders = ResponderShares()
        try await serve(on: loops) { (acceptor) async throws(SocketError) in
            let own = unsafe ResponderShare(acceptor.server, acceptor.share, kind, make)
            responders.add(own)
            var failure: SocketError?
            do throws(SocketError) {
                try await acceptor.run { accepted in
                    if accepted.share !== acceptor.share, responders.start(accepted) { return }
                    if accepted.share !== acceptor.share {
                        accepted.share.leave()
                        acceptor.share.enter()
                    }
                    own.start(accepted.descriptor, accepted.client)
                }
            } catch {
                failure = error
            }
            acceptor.server.stopTaking(acceptor.share)
            own.drain()
            // When it was cancelled, too: what is in flight ends by the shutdown that follows.
            while let gate = acceptor.server.state.withLock({ $0.gateUntilDone() }) { await gate.waitUntilOpen() }
            if let failure { throw failure }
        }
    }
}

/// The responders of all loops, by loop.
final class ResponderShares: Sendable {
    private let all = Guarded<[ResponderShare]>([])

    func add(_ share: ResponderShare) { all.withLock { $0.append(share) } }

    /// Has another loop take a connection over. False when that loop has ended, or has not begun.
    func start(_ accepted: LoopAcceptor.Accepted) -> Bool {
        let share = all.withLock { $0.first { $0.share === accepted.share } }
        guard let share else { return false }
        return accepted.share.loop.core.post { share.start(accepted.descriptor, accepted.client) }
    }
}
