internal import CMinato
internal import Glibc

/// Names to addresses and back.
///
/// The C library's look-ups cannot be interrupted. With a `timeout` they are made on threads of their own, at most eight;
/// one that is given up keeps its thread until the C library returns, so that a dead name server costs eight threads and
/// no more. Without a timeout they are made on the caller's thread. Addresses in numbers never wait.
///
/// C: `minato/resolve.h`. Python: `socket.getaddrinfo` and its relatives.
public enum Resolver {
    /// An address that a look-up found, and the socket that goes with it.
    public struct Answer: Hashable, Sendable {
        /// The address with its port.
        public let address: SocketAddress
        /// The type of socket.
        public let kind: Socket.Kind
        /// The protocol's number.
        public let protocolNumber: Int32
        /// The canonical name of the host; only in the first answer, and only when `.canonicalName` asked for it.
        public let canonicalName: String?
    }

    /// Flags of a look-up. See getaddrinfo(3).
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The kernel's bits, `AI_...`.
        public let rawValue: Int32
        /// Flags by their bits.
        public init(rawValue: Int32) { self.rawValue = rawValue }
        /// AI_PASSIVE: no host means all interfaces rather than this host.
        public static let passive = Flags(rawValue: AI_PASSIVE)
        /// AI_CANONNAME: find the canonical name too.
        public static let canonicalName = Flags(rawValue: AI_CANONNAME)
        /// AI_NUMERICHOST: the host stands in numbers; never look up.
        public static let numericHost = Flags(rawValue: AI_NUMERICHOST)
        /// AI_NUMERICSERV: the service is a number.
        public static let numericService = Flags(rawValue: AI_NUMERICSERV)
        /// AI_ADDRCONFIG: only families of which this host has an address.
        public static let configuredFamilies = Flags(rawValue: AI_ADDRCONFIG)
        /// AI_V4MAPPED: IPv4 addresses as mapped IPv6 ones when there are no others.
        public static let mappedIPv4 = Flags(rawValue: AI_V4MAPPED)
    }

    /// All addresses of a host and a service, in the order of RFC 6724; at least one.
    ///
    /// - Parameters:
    ///   - host: a name, an address in numbers, or nil for this host (with `.passive`, all its interfaces).
    ///   - service: a name such as `"http"`, or a number in decimal; nil for port 0.
    ///   - family: `.ipv4` or `.ipv6` for one family only. Default: both.
    ///   - kind: the type of socket. Default: `.stream`.
    ///   - protocolNumber: the protocol, 0 for any.
    ///   - flags: see ``Flags``.
    ///   - timeout: how long to wait at most; nil, the default, for ever; zero for hosts in numbers only.
    /// - Throws: `.unknownHost`, `.unknownService`, `.resolverUnavailable`, `.noAddressOfFamily`, `.timedOut`, `.wouldBlock`,
    ///   `.resolverBusy`, `.invalidArgument` for a NUL in a text or a port outside 0...65535.
    ///
    /// C: `minato_resolve`. Python: `getaddrinfo`, `gethostbyname`, `gethostbyname_ex`. See getaddrinfo(3).
    public static func addresses(
        of host: String?, service: String? = nil, family: Socket.Family = .unspecified, kind: Socket.Kind = .stream,
        protocolNumber: Int32 = 0, flags: Flags = [], timeout: Duration? = nil
    ) throws(SocketError) -> [Answer] {
        if let timeout, timeout < .zero {
            throw SocketError(.resolve, .invalidArgument, subject: "timeout \(timeout)")
        }
        let query = ResolverQuery(
            host: host, service: service, family: family, kind: kind, protocolNumber: protocolNumber, flags: flags)
        return try query.answers(until: .after(timeout))
    }

    /// The names of an address.
    ///
    /// - Parameters:
    ///   - address: an IP address.
    ///   - numeric: give numbers and look nothing up. Default: false; then a name where there is one, else the number.
    ///   - required: throw `.unknownHost` instead of giving a number.
    /// - Returns: host and service.
    /// - Throws: `.unknownHost`, `.resolverUnavailable`, `.familyNotSupported`. Blocks without a limit.
    ///
    /// C: `minato_resolve_address`. Python: `getnameinfo`, `gethostbyaddr`, `getfqdn`. See getnameinfo(3).
    public static func names(
        of address: SocketAddress, numeric: Bool = false, required: Bool = false
    ) throws(SocketError) -> (host: String, service: String) {
        let flags = (numeric ? NI_NUMERICHOST | NI_NUMERICSERV : 0) | (required ? NI_NAMEREQD : 0)
        var host = [CChar](repeating: 0, count: Int(MINATO_HOST_NAME_MAX))
        var service = [CChar](repeating: 0, count: Int(MINATO_SERVICE_NAME_MAX))
        var code: Int32 = 0
        let result = unsafe address.withPointer { address in
            unsafe minato_resolve_address(address, flags, &host, host.count, &service, service.count, &code)
        }
        guard result >= 0 else { throw failure(result, code, subject: "\(address)") }
        return (text(host), text(service))
    }

    /// The port of a service: `port(of: "http")` is 80.
    ///
    /// - Parameters:
    ///   - service: its name.
    ///   - protocolName: `"tcp"`, `"udp"`, or nil for whichever is found first.
    /// - Throws: `.notFound`, `.invalidArgument` for a NUL.
    ///
    /// C: `minato_service_port`. Python: `getservbyname`.
    public static func port(of service: String, protocolName: String? = nil) throws(SocketError) -> Int {
        try checkText(service)
        if let protocolName { try checkText(protocolName) }
        let result = unsafe minato_service_port(service, protocolName)
        guard result >= 0 else { throw SocketError(.resolve, .init(result: result), subject: "service \(service)") }
        return Int(result)
    }

    /// The name of the service at a port: `service(at: 80)` is `"http"`.
    ///
    /// - Throws: `.notFound`, `.invalidArgument` for a port outside 0...65535.
    ///
    /// C: `minato_service_name`. Python: `getservbyport`.
    public static func service(at port: Int, protocolName: String? = nil) throws(SocketError) -> String {
        guard let number = UInt16(exactly: port) else {
            throw SocketError(.resolve, .invalidArgument, subject: "port \(port)")
        }
        if let protocolName { try checkText(protocolName) }
        var name = [CChar](repeating: 0, count: 256)
        let result = unsafe minato_service_name(number, protocolName, &name, name.count)
        guard result >= 0 else { throw SocketError(.resolve, .init(result: result), subject: "port \(port)") }
        return text(name)
    }

    /// The number of a protocol: `protocolNumber(of: "tcp")` is 6.
    ///
    /// - Throws: `.notFound`, `.invalidArgument` for a NUL.
    ///
    /// C: `minato_protocol_number`. Python: `getprotobyname`.
    public static func protocolNumber(of name: String) throws(SocketError) -> Int32 {
        try checkText(name)
        let result = unsafe minato_protocol_number(name)
        guard result >= 0 else { throw SocketError(.resolve, .init(result: result), subject: "protocol \(name)") }
        return result
    }

    /// The name of this host.
    ///
    /// C: `minato_host_name`. Python: `gethostname`. See gethostname(2).
    public static func hostName() throws(SocketError) -> String {
        var name = [CChar](repeating: 0, count: 256)
        let result = unsafe minato_host_name(&name, name.count)
        guard result >= 0 else { throw SocketError(.resolve, .init(result: result), subject: "host name") }
        return text(name)
    }

    static func failure(_ result: Int32, _ resolverCode: Int32, subject: String) -> SocketError {
        // -ENOENT stands for every code of the resolver; the rest are errno values.
        let isResolvers = result == -ENOENT && resolverCode != 0
        return SocketError(
            .resolve, isResolvers ? .init(.resolver, resolverCode) : .init(result: result), subject: subject)
    }

    static func text(_ bytes: [CChar]) -> String {
        String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func checkText(_ text: String) throws(SocketError) {
        if text.utf8.contains(0) {
            throw SocketError(.resolve, .invalidArgument, subject: text.debugDescription)
        }
    }
}
