extension Listener {
    /// The connections as they come, for `for try await`.
    ///
    /// The loop ends when the listener is closed, and throws `.cancelled` when its task is cancelled. A connection that
    /// broke off before it could be taken is skipped. When descriptors or memory are used up, so that ``accept(timeout:deadline:)``
    /// would fail, it pauses, 5 ms at first and a second at most, and tries again.
    ///
    /// Nothing is taken in advance: what nobody asks for stays in the kernel's queue, and only as many connections as
    /// `backlog` says wait there. So let each be handled in a task of its own; `TCPServer` does that, with limits.
    public var connections: Connections { Connections(listener: self) }

    /// See ``connections``.
    public struct Connections: AsyncSequence, Sendable {
        /// A connection.
        public typealias Element = Connection
        /// What ends the sequence, closing apart: `.cancelled`, `.busy`, or an error that cannot pass.
        public typealias Failure = SocketError

        let listener: Listener

        /// An iterator. All of a listener's iterators share its queue.
        public func makeAsyncIterator() -> Iterator { Iterator(listener: listener) }

        /// See ``Listener/connections``.
        public struct Iterator: AsyncIteratorProtocol {
            let listener: Listener
            private var pause: Duration?

            init(listener: Listener) { self.listener = listener }

            /// The next connection; nil when the listener was closed.
            public nonisolated(nonsending) mutating func next(
                isolation actor: (any Actor)? = nil
            ) async throws(SocketError) -> Connection? {
                while true {
                    do throws(SocketError) {
                        let connection = try await listener.accept()
                        pause = nil
                        return connection
                    } catch {
                        if error.code == .closed { return nil }
                        if error.code == .cancelled || error.code == .busy { throw error }
                        switch error.code.outlook {
                        case .goOn: continue
                        case .pause: break
                        case .end: throw error
                        }
                    }
                    let length = Swift.min(pause.map { $0 * 2 } ?? .milliseconds(5), .seconds(1))
                    pause = length
                    do throws(SocketError) {
                        try await listener.pause(length)
                    } catch {
                        if error.code == .closed { return nil }
                        throw error
                    }
                }
            }
        }
    }
}
