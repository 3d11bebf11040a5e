internal import Glibc

extension Socket {
    /// An address family: AF_INET and so on. Python: `socket.AddressFamily`. See socket(2).
    public struct Family: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The kernel's number.
        public let rawValue: Int32

        /// A family by the kernel's number: `Family(rawValue: AF_VSOCK)`.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// AF_UNSPEC: any, or none.
        public static let unspecified = Family(rawValue: AF_UNSPEC)
        /// AF_INET.
        public static let ipv4 = Family(rawValue: AF_INET)
        /// AF_INET6.
        public static let ipv6 = Family(rawValue: AF_INET6)
        /// AF_UNIX.
        public static let unix = Family(rawValue: AF_UNIX)

        /// The kernel's name of the known ones.
        public var description: String {
            switch self {
            case .unspecified: "AF_UNSPEC"
            case .ipv4: "AF_INET"
            case .ipv6: "AF_INET6"
            case .unix: "AF_UNIX"
            default: "AF_\(rawValue)"
            }
        }
    }

    /// A type of socket: SOCK_STREAM and so on. Python: `socket.SocketKind`. See socket(2).
    public struct Kind: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The kernel's number, without flags.
        public let rawValue: Int32

        /// A type by the kernel's number: `Kind(rawValue: 3)` for SOCK_RAW.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// SOCK_STREAM: a connection, bytes without boundaries.
        public static let stream = Kind(rawValue: Int32(SOCK_STREAM.rawValue))
        /// SOCK_DGRAM: datagrams.
        public static let datagram = Kind(rawValue: Int32(SOCK_DGRAM.rawValue))
        /// SOCK_SEQPACKET: a connection that keeps the boundaries of messages.
        public static let sequencedPacket = Kind(rawValue: Int32(SOCK_SEQPACKET.rawValue))
        /// SOCK_RAW: packets of a protocol, for privileged programs.
        public static let raw = Kind(rawValue: Int32(SOCK_RAW.rawValue))

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

    /// Flags of one send or receive: MSG_PEEK and so on. See send(2) and recv(2).
    ///
    /// MSG_NOSIGNAL, MSG_DONTWAIT and MSG_CMSG_CLOEXEC are the library's business and need not be given.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The kernel's bits.
        public let rawValue: Int32

        /// Flags by the kernel's bits.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// MSG_PEEK: leave the data in the queue.
        public static let peek = Flags(rawValue: 0x2)
        /// MSG_OOB: out-of-band data.
        public static let outOfBand = Flags(rawValue: 0x1)
        /// MSG_TRUNC: the datagram was longer than the buffer.
        public static let truncated = Flags(rawValue: 0x20)
        /// MSG_CTRUNC: ancillary data was cut off.
        public static let ancillaryTruncated = Flags(rawValue: 0x8)
        /// MSG_DONTROUTE: to directly connected networks only.
        public static let doNotRoute = Flags(rawValue: 0x4)
        /// MSG_MORE: more is to come, wait with sending.
        public static let more = Flags(rawValue: 0x8000)
        /// MSG_EOR: the end of a record.
        public static let endOfRecord = Flags(rawValue: 0x80)
        /// MSG_ERRQUEUE: take from the error queue; never waits.
        public static let errorQueue = Flags(rawValue: 0x2000)
    }

    /// Which direction to end. See shutdown(2).
    public enum Direction: Hashable, Sendable {
        /// Nothing more will be received (SHUT_RD).
        case receiving
        /// Nothing more will be sent; the peer sees the end of the stream (SHUT_WR).
        case sending
        /// Both (SHUT_RDWR).
        case both

        var rawValue: Int32 {
            switch self {
            case .receiving: Int32(SHUT_RD)
            case .sending: Int32(SHUT_WR)
            case .both: Int32(SHUT_RDWR)
            }
        }
    }
}
