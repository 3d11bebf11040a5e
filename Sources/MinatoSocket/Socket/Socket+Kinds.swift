internal import Glibc

extension Socket {
    /// An address family: AF_INET and so on.
    public typealias Family = SocketFamily

    /// A type of socket: SOCK_STREAM and so on.
    public typealias Kind = SocketKind

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
