internal import Glibc

/// A type of socket: SOCK_STREAM and so on; a socket calls it `Socket.Kind`. Python: `socket.SocketKind`. See socket(2).
public struct SocketKind: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The kernel's number, without flags.
    public let rawValue: Int32

    /// A type by the kernel's number: `SocketKind(rawValue: 3)` for SOCK_RAW.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// SOCK_STREAM: a connection, bytes without boundaries.
    public static let stream = SocketKind(rawValue: Int32(SOCK_STREAM.rawValue))
    /// SOCK_DGRAM: datagrams.
    public static let datagram = SocketKind(rawValue: Int32(SOCK_DGRAM.rawValue))
    /// SOCK_SEQPACKET: a connection that keeps the boundaries of messages.
    public static let sequencedPacket = SocketKind(rawValue: Int32(SOCK_SEQPACKET.rawValue))
    /// SOCK_RAW: packets of a protocol, for privileged programs.
    public static let raw = SocketKind(rawValue: Int32(SOCK_RAW.rawValue))

    /// The kernel's name of the known ones.
    public var description: String {
        switch self {
        case .stream: "SOCK_STREAM"
        case .datagram: "SOCK_DGRAM"
        case .sequencedPacket: "SOCK_SEQPACKET"
        case .raw: "SOCK_RAW"
        default: "SOCK_\(rawValue)"
        }
    }
}
