internal import MinatoSocket

// Version 2: twelve bytes that begin no other protocol, four bytes of what follows, addresses, additions.

extension ProxyProtocol {
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    /// The signature, version and command, family and transport, and the length of the rest.
    private static let fixedLength = 16

    static func parseBinary(_ bytes: Span<UInt8>) throws(ProxyProtocolError) -> Progress {
        for index in 0..<min(bytes.count, signature.count) where bytes[index] != signature[index] {
            throw ProxyProtocolError(.signature)
        }
        guard bytes.count > 12 else { return .needMore }
        guard bytes[12] >> 4 == 2 else { throw ProxyProtocolError(.version) }
        guard bytes[12] & 0xF <= 1 else { throw ProxyProtocolError(.command) }
        let isLocal = bytes[12] & 0xF == 0
        guard bytes.count > 13 else { return .needMore }
        // The family of a LOCAL connection is to be ignored, whatever it is.
        let family = isLocal ? .unspecified : try Family(bytes[13])
        guard bytes.count >= fixedLength else { return .needMore }
        let length = number(bytes, at: 14)
        let end = fixedLength + length
        guard end <= longestHeader else { throw ProxyProtocolError(.tooLong) }
        guard length >= family.addressesLength else { throw ProxyProtocolError(.length) }
        guard bytes.count >= end else { return .needMore }
        let block = copy(bytes, fixedLength, end)
        let additions = Array(block.dropFirst(family.addressesLength))
        let transport: Socket.Kind? =
            switch bytes[13] & 0xF {
            case 1: .stream
            case 2: .datagram
            default: nil
            }
        guard !isLocal, let kind = transport, let pair = try family.addresses(block) else {
            return .done(Header(version: 2, isLocal: isLocal, additions: additions), consumed: end)
        }
        let header = Header(
            version: 2, source: pair.source, destination: pair.destination, kind: kind, additions: additions)
        return .done(header, consumed: end)
    }

    private static func number(_ bytes: Span<UInt8>, at index: Int) -> Int {
        Int(bytes[index]) << 8 | Int(bytes[index + 1])
    }

    private static func copy(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> [UInt8] {
        (start..<end).map { bytes[$0] }
    }

    /// What the addresses are.
    private enum Family {
        case unspecified, ipv4, ipv6, unix

        /// Family and transport in one byte; the transport is only checked here.
        init(_ byte: UInt8) throws(ProxyProtocolError) {
            guard byte & 0xF <= 2 else { throw ProxyProtocolError(.family) }
            switch byte >> 4 {
            case 0: self = .unspecified
            case 1: self = .ipv4
            case 2: self = .ipv6
            case 3: self = .unix
            default: throw ProxyProtocolError(.family)
            }
        }

        /// Of one address, without its port.
        private var addressLength: Int {
            switch self {
            case .unspecified: 0
            case .ipv4: 4
            case .ipv6: 16
            case .unix: 108
            }
        }

        /// Of both addresses, and both ports if they have any.
        var addressesLength: Int {
            switch self {
            case .unspecified, .unix: 2 * addressLength
            case .ipv4, .ipv6: 2 * addressLength + 4
            }
        }

        /// Both addresses; nil for `unspecified`. The block is long enough.
        func addresses(
            _ block: [UInt8]
        ) throws(ProxyProtocolError) -> (source: SocketAddress, destination: SocketAddress)? {
            func octets(_ index: Int) -> [UInt8] {
                Array(block[(index * addressLength)..<((index + 1) * addressLength)])
            }
            func port(_ index: Int) -> UInt16 {
                let place = 2 * addressLength + 2 * index
                return UInt16(block[place]) << 8 | UInt16(block[place + 1])
            }
            func address(_ index: Int) throws(SocketError) -> SocketAddress {
                let octets = octets(index)
                return switch self {
                case .unspecified: SocketAddress()
                case .ipv4: SocketAddress(ipv4: octets[0], octets[1], octets[2], octets[3], port: port(index))
                case .ipv6: try SocketAddress(ipv6: octets, port: port(index))
                case .unix: try Self.unixAddress(octets)
                }
            }
            if self == .unspecified { return nil }
            do throws(SocketError) {
                return (try address(0), try address(1))
            } catch {
                throw ProxyProtocolError(.address)
            }
        }

        /// The kernel's form in a field of fixed size: a path up to its NUL; a NUL and a name; nothing but NULs.
        private static func unixAddress(_ field: [UInt8]) throws(SocketError) -> SocketAddress {
            guard let last = field.lastIndex(where: { $0 != 0 }) else { return .unixUnnamed }
            // How long an abstract name is the field does not tell: NULs at its end are taken for padding.
            if field[0] == 0 { return try SocketAddress(abstractName: Array(field[1...last])) }
            let family = UInt16(truncatingIfNeeded: Socket.Family.unix.rawValue)
            return try SocketAddress(
                rawBytes: [UInt8(truncatingIfNeeded: family), UInt8(truncatingIfNeeded: family >> 8)]
                    + field.prefix { $0 != 0 })
        }
    }
}
