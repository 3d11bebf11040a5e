internal import MinatoSocket

// Taking connections on event loops: what the async face and the responders have in common.

extension StreamServer {
    /// Serves on loops until the server is stopped, and returns when nothing is in flight any more.
    ///
    /// - Parameter serveShare: takes connections on one loop and sees to the end of what it has started.
    nonisolated(nonsending) func serve(
        on loops: EventLoopGroup,
        _ serveShare: @escaping @Sendable (LoopAcceptor) async throws(SocketError) -> Void
    ) async throws(SocketError) {
        // The connections inherit it: see tcp(7).
        if address.family != .unix, let listener = state.withLock({ $0.listener }) {
            try? listener.socket.setOption(.noDelay, true)
        }
        try await serve(
            on: loops,
            share: { (shares, share) async throws(SocketError) in
                try await serveShare(LoopAcceptor(server: self, shares: shares, share: share))
            })
    }
}
