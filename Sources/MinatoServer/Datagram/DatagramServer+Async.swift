public import MinatoSocket

// The async face: handlers in tasks.

extension DatagramServer {
    /// Serves datagrams in tasks, until ``SocketServer/shutdown()`` or ``SocketServer/drain(timeout:)``.
    ///
    ///     try await server.serve { request in
    ///         try await request.reply(String(decoding: request.bytes, as: UTF8.self).uppercased())
    ///     }
    ///
    /// Waits until the server has been stopped and every handler has returned. Datagrams are received in batches and handled
    /// in their order, in child tasks that prefer the loop on which they came. A handler that waits holds nobody up: another
    /// task goes on with the next datagram, so handlers of one sender's datagrams may overtake each other there. Those that do
    /// not wait share one task, and find it as if it were new: not cancelled, with the task-local values of the task that
    /// serves. A handler that computes for long or blocks holds up everything else on its loop.
    ///
    /// Replies of handlers that do not wait leave together, when the batch has been handled.
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
                let service: HandlerDatagramService
                do throws(SocketError) {
                    guard let port = try DatagramPort(share, of: self) else { return self.stopTaking(share) }
                    service = HandlerDatagramService(
                        self, share, port, places, isOneOfSeveral: shares.all.count > 1)
                } catch {
                    self.stopTaking(share)
                    throw error
                }
                await withDiscardingTaskGroup { group in
                    service.begin()
                    group.addTask(executorPreference: share.loop) { await self.watch(share, service) }
                    while let count = await service.workersToStart() {
                        for _ in 0..<count {
                            group.addTask(executorPreference: share.loop) { await DatagramWorker(service).run(handle) }
                        }
                    }
                    await self.end(shares, share, service)
                    // What is in flight comes to its end, or is ended by a shutdown: then its tasks are cancelled. So it goes on
                    // waiting when it is cancelled itself: a shutdown follows.
                    while let gate = self.state.withLock({ $0.gateUntilEnd() }) {
                        await gate.waitUntilOpen()
                    }
                    if self.state.withLock({ $0.endsWork }) { group.cancelAll() }
                }
                if let failure = service.failure { throw failure }
            })
    }

    /// Waits until the server stops, and has the service take what has come by then.
    private nonisolated(nonsending) func watch(_ share: LoopShare, _ service: HandlerDatagramService) async {
        while await share.acceptor.waitForConnections() == .ready { service.look() }
        await service.stop()
        service.dismissWorkers()
    }

    /// Gives the socket up. Handlers may still be at work.
    nonisolated(nonsending) func end(_ shares: LoopShares, _ share: LoopShare, _ service: DatagramService) async {
        noteDrops()
        // Only this loop has ended: then it is the others' turn.
        if state.withLock({ $0.phase == .serving }) { shares.look(insteadOf: share) }
        stopTaking(share)
        await service.finish()
        if service.failure != nil { shutdown() }
    }

    /// Tells of an error, unless it is what the server's own end looks like to a handler.
    @inline(never)
    func report(_ error: any Error, _ sender: SocketAddress) {
        guard let onError = hooks.onError else { return }
        if state.withLock({ $0.endsWork }) {
            if error is CancellationError { return }
            if let error = error as? SocketError, error.code == .cancelled || error.code == .closed { return }
        }
        onError(error, sender)
    }
}
