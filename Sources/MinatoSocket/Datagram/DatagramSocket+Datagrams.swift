extension DatagramSocket {
    /// The datagrams as they come, for `for try await`, each with up to 65,535 bytes.
    ///
    /// The loop ends when the socket is closed, and throws `.cancelled` when its task is cancelled. Reports about what a
    /// connected socket has sent, such as `.connectionRefused`, are skipped: ``receive(atMost:timeout:deadline:)`` tells
    /// them. Nothing is taken in advance: what nobody asks for waits in the kernel's queue, and is lost when that is full.
    public var datagrams: Datagrams { Datagrams(socket: self) }

    /// See ``datagrams``.
    public struct Datagrams: AsyncSequence, Sendable {
        /// A datagram.
        public typealias Element = Datagram
        /// What ends the sequence, closing apart: `.cancelled`, `.busy`, or an error that cannot pass.
        public typealias Failure = SocketError

        let socket: DatagramSocket

        /// An iterator. All of a socket's iterators share its queue.
        public func makeAsyncIterator() -> Iterator { Iterator(socket: socket) }

        /// See ``DatagramSocket/datagrams``.
        public struct Iterator: AsyncIteratorProtocol {
            let socket: DatagramSocket

            /// The next datagram; nil when the socket was closed.
            public nonisolated(nonsending) mutating func next(
                isolation actor: (any Actor)? = nil
            ) async throws(SocketError) -> Datagram? {
                while true {
                    do throws(SocketError) {
                        return try await socket.receive()
                    } catch {
                        if error.code == .closed { return nil }
                        if !error.code.isOfEarlierDatagram { throw error }
                    }
                }
            }
        }
    }
}
