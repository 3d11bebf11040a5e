public import MinatoSocket

/// What a datagram responder is told beside the bytes: who sent them, and where to.
///
/// It is valid during the call and cannot be kept; its addresses can. In a test it can be made on its own:
///
///     var output = ResponderOutput()
///     let info = DatagramInfo(sender: SocketAddress(ipv4: 127, 0, 0, 1, port: 9), length: 2)
///     var responder = Echo()
///     responder.respond(to: [1, 2].span, info, output: &output)   // .reply
public struct DatagramInfo: ~Copyable {
    /// Who sent it; without a name for a Unix socket that is not bound, to which no reply is possible.
    ///
    /// Python: `client_address`.
    public internal(set) var sender: SocketAddress

    /// The server's address that the datagram was sent to, as ``DatagramRequest/localAddress``.
    public internal(set) var localAddress: SocketAddress?

    /// How many bytes were sent: more than there are when the end was cut off.
    public internal(set) var length: Int

    /// Whether the end of the datagram was cut off, because it is longer than ``ServerLimits/datagramSize``.
    public internal(set) var isTruncated: Bool

    /// One for a test.
    ///
    /// - Parameters:
    ///   - sender: who sent the datagram.
    ///   - localAddress: where it was sent to. Default: nil, unknown.
    ///   - length: how many bytes were sent.
    ///   - isTruncated: whether fewer are there. Default: false.
    public init(sender: SocketAddress, localAddress: SocketAddress? = nil, length: Int, isTruncated: Bool = false) {
        self.sender = sender
        self.localAddress = localAddress
        self.length = length
        self.isTruncated = isTruncated
    }
}
