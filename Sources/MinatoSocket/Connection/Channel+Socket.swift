internal import Glibc

// The blocking socket's verbs on a channel's descriptor: they never wait there, because the timeout is zero.

extension Channel {
    /// Uses the descriptor as a socket for a call that neither reads nor writes.
    ///
    /// - Throws: what `body` throws; `.closed`.
    func withSocket<Value>(
        _ body: (borrowing Socket) throws(SocketError) -> Value
    ) throws(SocketError) -> Value {
        guard let outcome = withDescriptor({ borrow($0, body) }) else { throw failure(.option, codeOfClosed) }
        return try outcome.get()
    }

    /// Reads or writes with a verb of the socket, and waits whenever it says `.wouldBlock`.
    ///
    /// The direction stays ready afterwards: that fewer datagrams came than were asked for does not mean that there is no
    /// more, since an error behind them is told by the next call, and by no new edge.
    nonisolated(nonsending) func perform<Value>(
        _ direction: Direction, _ timeout: Duration?, _ deadline: Deadline,
        withSocket body: (borrowing Socket) throws(SocketError) -> Value
    ) async throws(SocketError) -> Value {
        var outcome: Result<Value, SocketError>?
        // An error goes through as a success would, so that it keeps what the verb says in it.
        _ = try await perform(direction, timeout, deadline, Listener.noTimeout) { descriptor in
            let result = borrow(descriptor, body)
            if case .failure(let error) = result, error.code == .wouldBlock { return -Int64(EAGAIN) }
            outcome = result
            return 0
        }
        guard let outcome else { throw end(direction, .closed) }
        finish(direction, isReady: true)
        return try outcome.get()
    }

    func borrow<Value>(
        _ descriptor: Int32, _ body: (borrowing Socket) throws(SocketError) -> Value
    ) -> Result<Value, SocketError> {
        var socket = Socket(owning: descriptor, family: family, kind: kind, protocolNumber: 0)
        try? socket.setTimeout(.zero)
        let outcome = Result { () throws(SocketError) in try body(socket) }
        // It belongs to the channel.
        _ = socket.release()
        return outcome
    }
}
