internal import Glibc

/// An address family: AF_INET and so on; a socket calls it `Socket.Family`. Python: `socket.AddressFamily`. See socket(2).
public struct SocketFamily: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The kernel's number.
    public let rawValue: Int32

    /// A family by the kernel's number: `SocketFamily(rawValue: AF_VSOCK)`.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// AF_UNSPEC: any, or none.
    public static let unspecified = SocketFamily(rawValue: AF_UNSPEC)
    /// AF_INET.
    public static let ipv4 = SocketFamily(rawValue: AF_INET)
    /// AF_INET6.
    public static let ipv6 = SocketFamily(rawValue: AF_INET6)
    /// AF_UNIX.
    public static let unix = SocketFamily(rawValue: AF_UNIX)

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
