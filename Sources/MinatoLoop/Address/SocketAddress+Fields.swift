internal import CMinato
internal import Glibc

// What an address says, field by field. A field that its family does not have is nil.

extension SocketAddress {
    /// The address family. C: `minato_address_family`.
    public var family: SocketFamily {
        unsafe withPointer { SocketFamily(rawValue: unsafe minato_address_family($0)) }
    }

    /// The port of an IP address. C: `minato_address_port`.
    public var port: Int? {
        let port = unsafe withPointer { unsafe minato_address_port($0) }
        return port < 0 ? nil : Int(port)
    }

    /// The same IP address with another port; an address of another family unchanged.
    public func withPort(_ port: UInt16) -> SocketAddress {
        var copy = self
        _ = unsafe minato_address_set_port(&copy.storage, port)
        return copy
    }

    /// The octets of an IP address in network order: 4 or 16. C: `minato_address_octets`.
    public var octets: [UInt8]? {
        var octets = [UInt8](repeating: 0, count: 16)
        let count = unsafe withPointer { unsafe minato_address_octets($0, &octets) }
        return count < 0 ? nil : Array(octets.prefix(Int(count)))
    }

    /// The host part of an IP address in numbers, with its scope: `"127.0.0.1"`, `"fe80::1%2"`.
    ///
    /// Python: the first item of the address tuple.
    public var host: String? {
        guard port != nil else { return nil }
        let text = description.utf8
        guard let colon = text.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let host = text[..<colon]
        let isBracketed = host.first == UInt8(ascii: "[")
        return String(Substring(isBracketed ? host.dropFirst().dropLast() : host))
    }

    /// The scope id of an IPv6 address (an interface index), 0 when there is none.
    public var scopeID: UInt32 { unsafe withPointer { unsafe minato_address_scope_id($0) } }

    /// The flow label of an IPv6 address, 0 when there is none.
    public var flowInfo: UInt32 { unsafe withPointer { unsafe minato_address_flow_info($0) } }

    /// The IPv4 address inside an IPv4-mapped IPv6 address (`::ffff:1.2.3.4`), which a dual-stack socket shows for IPv4
    /// peers; nil for every other address.
    public var mappedIPv4: SocketAddress? {
        var plain = SocketAddress()
        let isMapped = unsafe withPointer { unsafe minato_address_is_mapped($0, &plain.storage) }
        return isMapped ? plain : nil
    }

    /// The path of a Unix address, nil when it has none. Bytes that are not UTF-8 are replaced: see ``unixName``.
    public var unixPath: String? {
        guard unixKind == Int32(MINATO_UNIX_PATH), let name = unixName else { return nil }
        return String(decoding: name, as: UTF8.self)
    }

    /// The name of an abstract Unix address, nil when it has none. Bytes that are not UTF-8 are replaced.
    public var abstractName: String? {
        guard unixKind == Int32(MINATO_UNIX_ABSTRACT), let name = unixName else { return nil }
        return String(decoding: name, as: UTF8.self)
    }

    /// The bytes of a Unix address's path or abstract name, empty for the unnamed one, nil for another family.
    public var unixName: [UInt8]? {
        var name = [UInt8](repeating: 0, count: Int(MINATO_ADDRESS_UNIX_MAX) + 1)
        let length = unsafe withPointer { address in
            unsafe name.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return Int32(-1) }
                return unsafe minato_address_unix_name(address, base, buffer.count)
            }
        }
        return length < 0 ? nil : Array(name.prefix(Int(length)))
    }

    /// Whether this is the Unix address without a name.
    public var isUnnamed: Bool { unixKind == Int32(MINATO_UNIX_UNNAMED) }

    /// Whether this is the address that stands for all interfaces: `0.0.0.0` or `::`.
    public var isWildcard: Bool { octets?.allSatisfy { $0 == 0 } ?? false }

    /// The bytes of the kernel's `struct sockaddr_*`. C: `minato_address_bytes`.
    public var rawBytes: [UInt8] { unsafe withKernelBytes { unsafe Array($0) } }

    private var unixKind: Int32 { unsafe withPointer { unsafe minato_address_unix_kind($0) } }
}
