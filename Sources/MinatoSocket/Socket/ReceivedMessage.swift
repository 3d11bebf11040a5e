/// A message that was received: its bytes, and what travelled beside them.
///
/// C: what `minato_message_receive` fills in. Python: the tuple of `recvmsg`.
public struct ReceivedMessage: Sendable {
    /// What arrived, in pieces of the sizes that were asked for: filled one after the other, the last ones perhaps empty.
    public let pieces: [[UInt8]]
    /// What arrived beside it, in the kernel's order. Descriptors that nobody takes are closed with it.
    public let ancillary: [AncillaryData]
    /// MSG_TRUNC, MSG_CTRUNC, MSG_EOR ... MSG_CMSG_CLOEXEC is never shown.
    public let flags: Socket.Flags
    /// Who sent it; the empty address on a connected stream, and for a Unix socket without a name.
    public let sender: SocketAddress
    /// How long the message was when it was sent; on a stream, how many bytes were taken from it.
    public let length: Int

    /// What arrived, in one piece. Empty at the end of a stream, and for an empty datagram.
    public var bytes: [UInt8] { pieces.count == 1 ? pieces[0] : Array(pieces.joined()) }

    /// Whether the end of the message was cut off (MSG_TRUNC).
    public var isTruncated: Bool { flags.contains(.truncated) }

    /// Whether ancillary data was cut off (MSG_CTRUNC). Descriptors that found no place were closed by the kernel.
    public var isAncillaryTruncated: Bool { flags.contains(.ancillaryTruncated) }

    /// All descriptors that were passed. Those that nobody takes are closed.
    public var descriptors: [ReceivedDescriptor] { ancillary.flatMap(\.receivedDescriptors) }

    /// The credentials of the sender, when the socket has set `SocketOption.passCredentials`.
    public var credentials: ProcessCredentials? { ancillary.lazy.compactMap(\.credentials).first }

    /// Which local address and interface the datagram came to, when the socket has set `SocketOption.ipv4PacketInfo` or
    /// `ipv6PacketInfo`.
    public var packetInfo: PacketInfo? { ancillary.lazy.compactMap(\.packetInfo).first }
}
