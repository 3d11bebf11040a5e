public import MinatoSocket

/// Reads the header of the PROXY protocol, in which a load balancer tells whose connection it passes on. Versions 1 and 2.
///
/// It takes bytes and gives a header, and knows of no socket:
///
///     switch try ProxyProtocol.parse(received.span) {
///     case .needMore: break                             // receive more, and call again with all of it
///     case .done(let header, let consumed): use(header, received[consumed...])
///     }
///
/// A server does it by itself: see ``StreamServerHooks/proxyProtocol``. **Whoever may send a header may claim any address**:
/// read one only from a balancer that you run, and never find out from the bytes whether there is one.
///
/// Nothing here blocks; any thread may call it. The specification is proxy-protocol.txt in the documentation of HAProxy.
public enum ProxyProtocol {
    /// The longest header of version 2 that is accepted, in bytes: 4,096. A longer one is refused when its length is known.
    ///
    /// Addresses take at most 232 bytes and the specification's own guide is 536; the rest leaves room for what a balancer
    /// adds, certificates' names above all. A header of version 1 has at most 107 bytes.
    public static let longestHeader = 4096

    /// Whose connection it is.
    public struct Header: Hashable, Sendable {
        /// 1 or 2.
        public let version: Int

        /// Whether the balancer speaks for itself: a health check. There are no addresses then.
        ///
        /// Version 2 only: LOCAL.
        public let isLocal: Bool

        /// The client's address; nil when the header does not tell it, and the connection's own is to be used: for LOCAL,
        /// UNKNOWN, UNSPEC.
        public let source: SocketAddress?

        /// The address that the client connected to; nil as ``source``.
        public let destination: SocketAddress?

        /// Whether the client has a stream or sends datagrams; nil when the header does not tell it.
        public let kind: Socket.Kind?

        /// What follows the addresses in version 2, as it came: items of a type (1 byte), a length (2 bytes, the high one
        /// first) and a value. They are not looked at here, a checksum among them neither.
        public let additions: [UInt8]

        init(
            version: Int, isLocal: Bool = false, source: SocketAddress? = nil, destination: SocketAddress? = nil,
            kind: Socket.Kind? = nil, additions: [UInt8] = []
        ) {
            self.version = version
            self.isLocal = isLocal
            self.source = source
            self.destination = destination
            self.kind = kind
            self.additions = additions
        }
    }

    /// What became of the bytes.
    public enum Progress: Hashable, Sendable {
        /// They are the beginning of a header.
        case needMore
        /// They begin with a header of `consumed` bytes; what follows is the client's.
        case done(Header, consumed: Int)
    }

    /// Reads a header at the beginning of some bytes.
    ///
    /// What can be refused is refused as soon as it is there: of bytes that are no header at all, the first that does not fit.
    ///
    /// - Parameter bytes: everything that was received so far. No bytes at all need more.
    /// - Returns: the header and its length; or that more bytes are needed. Never needed are more than ``longestHeader``.
    /// - Throws: ``ProxyProtocolError`` for anything that does not match the specification exactly.
    public static func parse(_ bytes: Span<UInt8>) throws(ProxyProtocolError) -> Progress {
        guard !bytes.isEmpty else { return .needMore }
        return bytes[0] == signature[0] ? try parseBinary(bytes) : try parseLine(bytes)
    }
}
