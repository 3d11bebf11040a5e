internal import MinatoSocket

// Version 1: a line of text.
//
//     PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n

extension ProxyProtocol {
    private static let start = Array("PROXY ".utf8)

    /// With the CR LF.
    private static let longestLine = 107

    static func parseLine(_ bytes: Span<UInt8>) throws(ProxyProtocolError) -> Progress {
        for index in 0..<min(bytes.count, start.count) where bytes[index] != start[index] {
            throw ProxyProtocolError(.signature)
        }
        for index in 0..<min(bytes.count, longestLine) {
            switch bytes[index] {
            case UInt8(ascii: "\n"):
                throw ProxyProtocolError(.line)
            case UInt8(ascii: "\r"):
                guard index + 1 < longestLine else { throw ProxyProtocolError(.tooLong) }
                guard index + 1 < bytes.count else { return .needMore }
                guard bytes[index + 1] == UInt8(ascii: "\n") else { throw ProxyProtocolError(.line) }
                return .done(try header(ofLine: bytes.extracting(..<index)), consumed: index + 2)
            default:
                break
            }
        }
        guard bytes.count < longestLine else { throw ProxyProtocolError(.tooLong) }
        return .needMore
    }

    private static func header(ofLine line: Span<UInt8>) throws(ProxyProtocolError) -> Header {
        var bytes: [UInt8] = []
        for index in line.indices { bytes.append(line[index]) }
        let fields = bytes.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(Array.init)
        // Whatever follows UNKNOWN is to be ignored.
        guard fields.count >= 2, fields[1] != Array("UNKNOWN".utf8) else {
            guard fields.count >= 2 else { throw ProxyProtocolError(.line) }
            return Header(version: 1)
        }
        guard fields.count == 6 else { throw ProxyProtocolError(.line) }
        let isIPv6: Bool
        switch fields[1] {
        case Array("TCP4".utf8): isIPv6 = false
        case Array("TCP6".utf8): isIPv6 = true
        default: throw ProxyProtocolError(.line)
        }
        return Header(
            version: 1, source: try address(fields[2], fields[4], isIPv6: isIPv6),
            destination: try address(fields[3], fields[5], isIPv6: isIPv6), kind: .stream)
    }

    /// An address in numbers and nothing else: no scope, no leading zeros.
    private static func address(
        _ host: [UInt8], _ port: [UInt8], isIPv6: Bool
    ) throws(ProxyProtocolError) -> SocketAddress {
        let isOfFamily = isIPv6 == host.contains(UInt8(ascii: ":"))
        let isNumeric = host.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): true
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: ":"): isIPv6
            default: false
            }
        }
        guard isOfFamily, isNumeric, let port = decimal(port) else { throw ProxyProtocolError(.address) }
        do throws(SocketError) {
            return try SocketAddress(host: String(decoding: host, as: UTF8.self), port: port)
        } catch {
            throw ProxyProtocolError(.address)
        }
    }

    /// A port: digits, without leading zeros.
    private static func decimal(_ text: [UInt8]) -> Int? {
        guard 1...5 ~= text.count, text.count == 1 || text[0] != UInt8(ascii: "0") else { return nil }
        var value = 0
        for byte in text {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value <= 65_535 ? value : nil
    }
}
