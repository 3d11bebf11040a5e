public import MinatoSocket

/// A datagram that a server received, and the way to answer it from a task.
///
/// Python: the `request` of a `socketserver.UDPServer`'s handler, a pair of the data and the socket.
public struct AsyncDatagramRequest: Sendable {
    @usableFromInline let arrival: DatagramArrival

    /// A request, for tests of code that handles one without a server.
    ///
    /// - Parameters:
    ///   - datagram: what arrived.
    ///   - localAddress: where it was sent to. Default: nil, unknown.
    ///   - send: gets the replies.
    public init(
        _ datagram: Datagram, localAddress: SocketAddress? = nil,
        send: @escaping @Sendable (_ bytes: [UInt8], _ receiver: SocketAddress) async throws(SocketError) -> Void
    ) {
        arrival = DatagramArrival(datagram, localAddress, send)
    }

    init(_ arrival: DatagramArrival) { self.arrival = arrival }

    /// Asks the hooks whether it is to be handled.
    func isWanted(by hooks: DatagramServerHooks) -> Bool {
        guard let service = arrival.service else { return true }
        return hooks.wants(arrival.datagram, arrival.localAddress, service.port, from: arrival.source)
    }

    /// What arrived: bytes, sender, and whether its end was cut off. An empty datagram is a datagram.
    public var datagram: Datagram { arrival.datagram }

    /// What arrived, cut to ``ServerLimits/datagramSize``.
    public var bytes: [UInt8] { arrival.bytes }

    /// Who sent it; without a name for a Unix socket that is not bound, to which no reply is possible.
    public var sender: SocketAddress { arrival.sender }

    /// Whether the end of the datagram was cut off.
    public var isTruncated: Bool { arrival.length > arrival.bytes.count }

    /// The server's address that the datagram was sent to, as ``DatagramRequest/localAddress``.
    public var localAddress: SocketAddress? { arrival.localAddress }

    /// Sends a datagram to the sender, from the address of the server.
    ///
    /// Any number of times: none, one, several; no bytes send an empty datagram. Mostly it returns at once. Without room in
    /// the kernel it waits, in pauses of 1 ms that double up to 50 ms, for at most ``ServerLimits/writeTimeout``. A Unix client
    /// that does not read holds up those who answer it; one that is connected to the server fills the server's send buffer,
    /// which is for all replies, until it reads or is closed. A sender's address can be forged: do not send much more than
    /// was received to somebody who has not proved that it receives.
    ///
    /// On a host with several addresses the reply leaves from the one that was asked, ``localAddress``, also when the server
    /// is bound to all interfaces: a client that is connected to it takes it from no other.
    ///
    /// May be called from any task, by many at a time. Cancelling the task ends a wait; nothing was sent then. The server's
    /// address stays in use as long as a request is kept, so do not keep one after its handler has returned.
    ///
    /// - Throws: `.notConnected` for a sender without an address, `.messageTooLong`, `.timedOut`, `.cancelled`, `.closed` when
    ///   the loop ends meanwhile, `.connectionRefused` when the sender is gone (over UDP mostly not: nothing tells) ... No
    ///   error of a reply ends the server.
    ///
    /// Python: `self.request[1].sendto(data, self.client_address)`; `asyncio`'s `sendto`. See sendto(2).
    @inlinable
    public nonisolated(nonsending) func reply(_ bytes: [UInt8]) async throws(SocketError) {
        // In the caller: what does not wait costs no memory of the task.
        let result = arrival.sendAtOnce(bytes)
        if result >= 0 { return }
        try await arrival.goOn(sending: bytes, after: result)
    }

    /// Sends a text in UTF-8: see ``reply(_:)-([UInt8])``.
    @inlinable
    public nonisolated(nonsending) func reply(_ text: String) async throws(SocketError) {
        try await reply(Array(text.utf8))
    }
}
