internal import Glibc
internal import MinatoSocket

// Serving on event loops: what all servers and faces have in common.

extension SocketServer {
    /// Serves on loops until the server is stopped, and returns when nothing is in flight any more.
    ///
    /// - Parameter serveShare: takes connections or datagrams on one loop and sees to the end of what it has started.
    nonisolated(nonsending) func serve(
        on loops: EventLoopGroup,
        share serveShare: @escaping @Sendable (LoopShares, LoopShare) async throws(SocketError) -> Void
    ) async throws(SocketError) {
        let shares = try begin(on: loops)
        let result = await withTaskCancellationHandler {
            await withTaskGroup(of: SocketError?.self) { group in
                for share in shares.all {
                    group.addTask(executorPreference: share.loop) {
                        do throws(SocketError) {
                            try await serveShare(shares, share)
                            return nil
                        } catch {
                            self.shutdown()
                            return error
                        }
                    }
                }
                var first: SocketError?
                for await error in group { first = first ?? error }
                return first
            }
        } onCancel: {
            shutdown()
        }
        let isStopped = state.withLock { state in
            defer { _ = state.close() }
            return state.phase != .serving
        }
        state.announce()
        if let result { throw result }
        if Task.isCancelled { throw SocketError(.serve, .cancelled, local: address) }
        // Nobody has stopped the server: its loops have ended, all of them.
        if !isStopped, let failure = shares.all.lazy.compactMap(\.loop.core.failure).first {
            throw SocketError(.select, failure, local: address, subject: "event loop")
        }
        if !isStopped { throw SocketError(.serve, .closed, local: address, subject: "event loops") }
    }

    /// Makes everything ready that can fail.
    private func begin(on loops: EventLoopGroup) throws(SocketError) -> LoopShares {
        guard let listener = state.withLock({ $0.listener }) else { throw SocketError(.serve, .closed) }
        // Before anything waits at the socket: it would take wake-ups away from the loops that serve.
        if state.withLock({ $0.phase == .serving }) {
            throw SocketError(.serve, .init(EALREADY), subject: "a second time")
        }
        let shares = try LoopShares(listener.socket, on: loops.all())
        try state.withLock { (state) throws(SocketError) in
            try state.begin(with: shares, takers: shares.all.count)
        }
        return shares
    }

    /// To be called when a loop takes no more. The listening socket goes with the last one.
    func stopTaking(_ share: LoopShare) {
        share.close()
        let listener = state.withLock { $0.loopStopsTaking() ? $0.stopTaking() : nil }
        _ = consume listener
        state.announce()
    }
}
