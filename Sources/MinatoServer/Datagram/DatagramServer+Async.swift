public import MinatoSocket

// The async face: a task for each datagram.

extension DatagramServer {
    /// Serves datagrams with a task for each, until ``SocketServer/shutdown()`` or ``SocketServer/drain(timeout:)``.
    ///
    ///     try await server.serve { request in
    ///         try await request.reply(String(decoding: request.bytes, as: UTF8.self).uppercased())
    ///     }
    ///
    /// Waits until the server has been stopped and every handler has returned. Datagrams are received in batches, and each is
    /// handled at once in a child task that prefers the loop on which it came; so handlers of one sender's datagrams may
    /// overtake each other where they wait. A handler that computes for long or blocks holds up everything else on its loop.
    ///
    /// At most ``ServerLimits/maxConnections`` handlers are at work at a time. Beyond that nothing is received, and what the
    /// receive buffer does not hold is lost, as always with UDP: ``droppedByKernel`` counts it. Without anything to do the
    /// server uses no processor time.
    ///
    /// A handler that throws ends the handling of its own datagram only: see ``DatagramServerHooks/onError``. That an earlier
    /// reply was refused by its receiver, or could not reach it, does not end the server. When the system is out of memory,
    /// receiving pauses for 5 ms, doubling up to 1 s.
    ///
    /// A shutdown cancels the handlers' tasks, and so does the cancellation of the task that serves; a drain waits for them.
    ///
    /// - Parameters:
    ///   - loops: the loops, each of which receives. Default: ``EventLoopGroup/shared``, one for each processor.
    ///   - handle: handles one datagram. What it throws is told to ``DatagramServerHooks/onError``, but for `.cancelled` and
    ///     `.closed` when the server ends.
    /// - Throws: `.closed` when the server was shut down before, `EALREADY` when it serves already; `.cancelled` when the task
    ///   was cancelled, which shuts the server down; a lack of descriptors (`.tooManyDescriptors`; each loop needs two more)
    ///   and an error of the socket that cannot pass, after both of which the server is closed. Not thrown: what handlers
    ///   throw, errors of single datagrams.
    ///
    /// May be called from any task.
    ///
    /// Python: `asyncio`'s `create_datagram_endpoint`; `serve_forever`. See recvmmsg(2).
    public nonisolated(nonsending) func serve(
        on loops: EventLoopGroup = .shared,
        _ handle: @escaping @Sendable (_ request: AsyncDatagramRequest) async throws -> Void
    ) async throws(SocketError) {
        let places = HandlerPlaces(limits.maxConnections)
        try await serve(
            on: loops,
            share: { (shares, share) async throws(SocketError) in
                let failure: SocketError? = await withDiscardingTaskGroup { group in
                    let failure = await self.takeDatagrams(shares, share, places) { taken in
                        group.addTask(executorPreference: share.loop) { await self.run(taken, places, handle) }
                    }
                    self.noteDrops()
                    self.stopTaking(share)
                    if failure != nil { self.shutdown() }
                    // What is in flight comes to its end, or is ended by a shutdown: then its tasks are cancelled. So it goes on
                    // waiting when it is cancelled itself: a shutdown follows.
                    while let gate = self.state.withLock({ $0.gateUntilEnd() }) {
                        await gate.waitUntilOpen()
                    }
                    if self.state.withLock({ $0.endsWork }) { group.cancelAll() }
                    return failure
                }
                if let failure { throw failure }
            })
    }

    /// Gives every datagram to `start` until the server stops. Returns what else has ended it.
    private nonisolated(nonsending) func takeDatagrams(
        _ shares: LoopShares, _ share: LoopShare, _ places: HandlerPlaces,
        _ start: (DatagramIntake.Taken) -> Void
    ) async -> SocketError? {
        do throws(SocketError) {
            guard let port = try DatagramPort(share, of: self) else { return nil }
            var intake = DatagramIntake(self, shares, share, port, places)
            try await intake.run(start)
            return nil
        } catch {
            return error
        }
    }

    /// Handles one datagram.
    private nonisolated(nonsending) func run(
        _ taken: DatagramIntake.Taken, _ places: HandlerPlaces,
        _ handle: @Sendable (_ request: AsyncDatagramRequest) async throws -> Void
    ) async {
        state.withLock { $0.began(taken.number, by: .thisTask) }
        do {
            if hooks.verify == nil || taken.request.isWanted(by: hooks) { try await handle(taken.request) }
        } catch {
            report(error, taken.request)
        }
        places.giveBack(1)
        state.withLock { $0.dismiss(taken.number) }
        state.announce()
    }

    /// Tells of an error, unless it is what the server's own end looks like to a handler.
    @inline(never)
    private func report(_ error: any Error, _ request: AsyncDatagramRequest) {
        guard let onError = hooks.onError else { return }
        if state.withLock({ $0.endsWork }) {
            if error is CancellationError { return }
            if let error = error as? SocketError, error.code == .cancelled || error.code == .closed { return }
        }
        onError(error, request.sender)
    }
}
