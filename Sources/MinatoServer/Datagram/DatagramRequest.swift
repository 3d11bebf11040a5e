public import MinatoSocket

/// A datagram that a server received, and the way to answer it.
///
/// Python: the `request` of a `socketserver.UDPServer`'s handler, a pair of the data and the socket.
public struct DatagramRequest: Sendable {
    /// What arrived: bytes, sender, and whether its end was cut off. An empty datagram is a datagram.
    public let datagram: Datagram

    /// The server's address that the datagram was sent to, and from which a reply leaves. Of a server that is bound to all
    /// interfaces it is the one that was asked; of a datagram that was broadcast, the address of the interface on which it
    /// came; of one to a group of IPv6, the group's, from which no reply can leave: the kernel chooses then. Nil for a Unix
    /// socket.
    public let localAddress: SocketAddress?

    /// How a reply is sent.
    private let send: @Sendable (_ bytes: [UInt8], _ receiver: SocketAddress) throws(SocketError) -> Void

    /// A request, for tests of code that handles one without a server.
    ///
    /// - Parameters:
    ///   - datagram: what arrived.
    ///   - localAddress: where it was sent to. Default: nil, unknown.
    ///   - send: gets the replies.
    public init(
        _ datagram: Datagram, localAddress: SocketAddress? = nil,
        send: @escaping @Sendable (_ bytes: [UInt8], _ receiver: SocketAddress) throws(SocketError) -> Void
    ) {
        self.datagram = datagram
        self.localAddress = localAddress
        self.send = send
    }

    /// What arrived, cut to ``ServerLimits/datagramSize``.
    public var bytes: [UInt8] { datagram.bytes }

    /// Who sent it; without a name for a Unix socket that is not bound, to which no reply is possible.
    public var sender: SocketAddress { datagram.sender }

    /// Whether the end of the datagram was cut off.
    public var isTruncated: Bool { datagram.isTruncated }

    /// Sends a datagram to the sender, from the address of the server.
    ///
    /// Any number of times: none, one, several; no bytes send an empty datagram. Waits for space in the kernel for at most
    /// ``ServerLimits/writeTimeout``. A sender's address can be forged: do not send much more than was received to somebody
    /// who has not proved that it receives.
    ///
    /// On a host with several addresses the reply leaves from the one that was asked, ``localAddress``, also when the server
    /// is bound to all interfaces: a client that is connected to it takes it from no other.
    ///
    /// May be called from any thread. The server's address stays in use as long as a request is kept, so do not keep one
    /// after its handler has returned.
    ///
    /// - Throws: `.notConnected` for a sender without an address, `.messageTooLong`, `.timedOut`, `.connectionRefused` when
    ///   the sender is gone (over UDP mostly not: nothing tells) ... No error of a reply ends the server.
    ///
    /// Python: `self.request[1].sendto(data, self.client_address)`. See sendto(2).
    public func reply(_ bytes: [UInt8]) throws(SocketError) {
        guard sender != SocketAddress(), !sender.isUnnamed else {
            throw SocketError(.send, .notConnected, subject: "reply to a sender without an address")
        }
        try send(bytes, sender)
    }

    /// Sends a text in UTF-8: see ``reply(_:)-([UInt8])``.
    public func reply(_ text: String) throws(SocketError) { try reply(Array(text.utf8)) }
}
