/// Where to connect or listen, as a person writes it: a host that may be a name, a port, a path.
///
///     try Socket.connect(to: .tcp("localhost", 9999))
///     try Socket.listen(on: .unix("/run/x.sock"))
///
/// Making one checks nothing and looks nothing up; using it does, and then a port outside 0...65535 or a path that is too
/// long is a typed error. Text is read by ``init(parsing:)``.
///
/// Python: the address tuples and paths given to `connect` and `bind`.
public struct Endpoint: Hashable, Sendable {
    package enum Target: Hashable, Sendable {
        case host(String, port: Int)
        case path(String)
        case abstract(String)
        case address(SocketAddress)
    }

    package let target: Target

    /// Stream or datagram.
    public let kind: SocketKind

    package init(_ target: Target, _ kind: SocketKind) {
        self.target = target
        self.kind = kind
    }

    /// TCP to or at a host, by name or in numbers. To listen, `""` means all interfaces.
    public static func tcp(_ host: String, _ port: Int) -> Endpoint { Endpoint(.host(host, port: port), .stream) }

    /// UDP to or at a host, by name or in numbers. To receive, `""` means all interfaces.
    public static func udp(_ host: String, _ port: Int) -> Endpoint { Endpoint(.host(host, port: port), .datagram) }

    /// A Unix stream socket at a path.
    public static func unix(_ path: String) -> Endpoint { Endpoint(.path(path), .stream) }

    /// A Unix datagram socket at a path.
    public static func unixDatagram(_ path: String) -> Endpoint { Endpoint(.path(path), .datagram) }

    /// A Unix stream socket in the abstract name space, the name without a NUL or `@` in front.
    public static func abstract(_ name: String) -> Endpoint { Endpoint(.abstract(name), .stream) }

    /// A Unix datagram socket in the abstract name space.
    public static func abstractDatagram(_ name: String) -> Endpoint { Endpoint(.abstract(name), .datagram) }

    /// An address that is known already.
    public static func address(_ address: SocketAddress, _ kind: SocketKind = .stream) -> Endpoint {
        Endpoint(.address(address), kind)
    }
}

extension Endpoint: CustomStringConvertible {
    /// The form that ``init(parsing:)`` reads: `tcp://localhost:9999`, `udp://[::1]:53`, `unix:/run/x.sock`,
    /// `unixgram:@name`.
    public var description: String {
        let scheme = kind == .datagram ? "udp" : "tcp"
        let unix = kind == .datagram ? "unixgram:" : "unix:"
        switch target {
        case .host(let host, let port):
            return host.utf8.contains(UInt8(ascii: ":"))
                ? "\(scheme)://[\(host)]:\(port)" : "\(scheme)://\(host):\(port)"
        case .path(let path): return path.utf8.first == UInt8(ascii: "@") ? unix + "./" + path : unix + path
        case .abstract(let name): return unix + "@" + name
        case .address(let address):
            return address.family == .unix ? unix + address.description.dropFirst(5) : "\(scheme)://\(address)"
        }
    }

    /// Reads an endpoint from text.
    ///
    /// `tcp://HOST:PORT`, `udp://HOST:PORT`, `unix:PATH`, `unixgram:PATH`, `unix:@NAME` and `unixgram:@NAME` for abstract
    /// names, and `HOST:PORT`, which is TCP. An IPv6 host stands in brackets. An empty host means all interfaces.
    ///
    /// - Throws: `.invalidArgument` for other texts, for a port that is not a number from 0 to 65535, and for a NUL.
    public init(parsing text: String) throws(SocketError) {
        guard let endpoint = Endpoint(reading: text) else {
            throw SocketError(.parse, .invalidArgument, subject: "endpoint \(text.debugDescription)")
        }
        self = endpoint
    }

    private init?(reading text: String) {
        if text.utf8.contains(0) { return nil }
        if let rest = text.suffix(after: "tcp://") {
            self.init(hostAndPort: rest, .stream)
        } else if let rest = text.suffix(after: "udp://") {
            self.init(hostAndPort: rest, .datagram)
        } else if let rest = text.suffix(after: "unix:") {
            self.init(unixName: rest, .stream)
        } else if let rest = text.suffix(after: "unixgram:") {
            self.init(unixName: rest, .datagram)
        } else {
            self.init(hostAndPort: text[...], .stream)
        }
    }

    private init?(unixName name: Substring, _ kind: SocketKind) {
        guard let rest = name.suffix(after: "@") else {
            if name.isEmpty { return nil }
            self.init(.path(String(name)), kind)
            return
        }
        if rest.isEmpty { return nil }
        self.init(.abstract(String(rest)), kind)
    }

    // By bytes, not by characters: with an accent behind it a slash would be no slash.
    private init?(hostAndPort text: Substring, _ kind: SocketKind) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let digits = text.utf8[text.utf8.index(after: colon)...]
        guard !digits.isEmpty, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let port = UInt16(Substring(digits))
        else { return nil }
        var host = text.utf8[..<colon]
        if host.first == UInt8(ascii: "[") {
            guard host.last == UInt8(ascii: "]") else { return nil }
            host = host.dropFirst().dropLast()
            guard host.contains(UInt8(ascii: ":")) else { return nil }
        } else if host.contains(where: { ":[]/ ".utf8.contains($0) }) {
            return nil
        }
        self.init(.host(String(Substring(host)), port: Int(port)), kind)
    }
}

extension StringProtocol where SubSequence == Substring {
    /// What follows a prefix, nil when the text does not begin with it, byte for byte.
    fileprivate func suffix(after prefix: String) -> Substring? {
        utf8.starts(with: prefix.utf8) ? self[utf8.index(startIndex, offsetBy: prefix.utf8.count)...] : nil
    }
}
