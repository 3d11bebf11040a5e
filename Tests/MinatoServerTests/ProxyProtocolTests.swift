import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("The PROXY protocol's header", .watchdog)
struct ProxyProtocolTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let version: Int
        var isLocal = false
        var source: String?
        var destination: String?
        var kind: Socket.Kind?
        var additions: [UInt8] = []
        var testDescription: String { name }
    }

    static func line(_ text: String) -> [UInt8] { Array((text + "\r\n").utf8) }

    /// Version 2, from the byte of version and command on.
    static func binary(_ command: UInt8, _ family: UInt8, _ block: [UInt8], length: Int? = nil) -> [UInt8] {
        let length = length ?? block.count
        return [13, 10, 13, 10, 0, 13, 10] + Array("QUIT\n".utf8) + [
            command, family, UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF),
        ] + block
    }

    static let ipv4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 7, 0xDC, 0x04, 0x01, 0xBB]
    static let ipv6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1] + [UInt8](repeating: 0xFF, count: 16) + [
            0, 1, 0xFF, 0xFF,
        ]
    static func field(_ text: String) -> [UInt8] { text.utf8 + [UInt8](repeating: 0, count: 108 - text.utf8.count) }

    static let longestIPv6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

    static let valid: [Row] = [
        Row(
            name: "v1 TCP4", bytes: line("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443"), version: 1,
            source: "192.0.2.1:56324", destination: "198.51.100.7:443", kind: .stream),
        Row(
            name: "v1 TCP4, longest", bytes: line("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535"),
            version: 1, source: "255.255.255.255:65535", destination: "255.255.255.255:65535", kind: .stream),
        Row(
            name: "v1 TCP4, shortest", bytes: line("PROXY TCP4 0.0.0.0 0.0.0.0 0 0"), version: 1,
            source: "0.0.0.0:0", destination: "0.0.0.0:0", kind: .stream),
        Row(
            name: "v1 TCP6", bytes: line("PROXY TCP6 2001:DB8::1 ::1 1 2"), version: 1, source: "[2001:db8::1]:1",
            destination: "[::1]:2", kind: .stream),
        Row(
            name: "v1 TCP6, longest", bytes: line("PROXY TCP6 \(longestIPv6) \(longestIPv6) 65535 65535"),
            version: 1, source: "[\(longestIPv6)]:65535", destination: "[\(longestIPv6)]:65535", kind: .stream),
        Row(
            name: "v1 TCP6, mapped", bytes: line("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2"), version: 1,
            source: "[::ffff:192.0.2.1]:1", destination: "[::ffff:192.0.2.2]:2", kind: .stream),
        Row(name: "v1 UNKNOWN", bytes: line("PROXY UNKNOWN"), version: 1),
        Row(name: "v1 UNKNOWN, rest", bytes: line("PROXY UNKNOWN any\0 thing  "), version: 1),
        Row(
            name: "v1 UNKNOWN, longest", bytes: line("PROXY UNKNOWN \(longestIPv6) \(longestIPv6) 65535 65535"),
            version: 1),
        Row(name: "v2 LOCAL", bytes: binary(0x20, 0x00, []), version: 2, isLocal: true),
        Row(
            name: "v2 LOCAL, with addresses", bytes: binary(0x20, 0x11, ipv4), version: 2, isLocal: true,
            additions: ipv4),
        Row(
            name: "v2 LOCAL, of no family that is known", bytes: binary(0x20, 0xFF, [1]), version: 2, isLocal: true,
            additions: [1]),
        Row(name: "v2 UNSPEC", bytes: binary(0x21, 0x00, []), version: 2),
        Row(name: "v2 UNSPEC, additions", bytes: binary(0x21, 0x00, [4, 0, 0]), version: 2, additions: [4, 0, 0]),
        Row(
            name: "v2 TCP over IPv4", bytes: binary(0x21, 0x11, ipv4), version: 2, source: "192.0.2.1:56324",
            destination: "198.51.100.7:443", kind: .stream),
        Row(
            name: "v2 UDP over IPv4", bytes: binary(0x21, 0x12, ipv4), version: 2, source: "192.0.2.1:56324",
            destination: "198.51.100.7:443", kind: .datagram),
        Row(name: "v2 IPv4, of no transport", bytes: binary(0x21, 0x10, ipv4 + [9]), version: 2, additions: [9]),
        Row(
            name: "v2 TCP over IPv6", bytes: binary(0x21, 0x21, ipv6), version: 2, source: "[2001:db8::1]:1",
            destination: "[\(longestIPv6)]:65535", kind: .stream),
        Row(
            name: "v2 UDP over IPv6, additions", bytes: binary(0x21, 0x22, ipv6 + [4, 0, 1, 7]), version: 2,
            source: "[2001:db8::1]:1", destination: "[\(longestIPv6)]:65535", kind: .datagram,
            additions: [4, 0, 1, 7]),
        Row(
            name: "v2 Unix stream", bytes: binary(0x21, 0x31, field("/run/client") + field("/run/server")),
            version: 2, source: "unix:/run/client", destination: "unix:/run/server", kind: .stream),
        Row(
            name: "v2 Unix datagram, unnamed and abstract",
            bytes: binary(0x21, 0x32, field("") + field("\0name") + [4, 0, 0]), version: 2, source: "unix:",
            destination: "unix:@name", kind: .datagram, additions: [4, 0, 0]),
        Row(
            name: "v2 Unix, longest", bytes: binary(0x21, 0x31, [UInt8](repeating: 0x61, count: 216)), version: 2,
            source: "unix:" + String(repeating: "a", count: 108),
            destination: "unix:" + String(repeating: "a", count: 108), kind: .stream),
        Row(
            name: "v2, longest", bytes: binary(0x21, 0x11, ipv4 + [UInt8](repeating: 4, count: 4096 - 28)),
            version: 2, source: "192.0.2.1:56324", destination: "198.51.100.7:443", kind: .stream,
            additions: [UInt8](repeating: 4, count: 4096 - 28)),
    ]

    @Test("A header is read, whatever follows it; every beginning of it needs more", arguments: valid)
    func reading(row: Row) throws {
        for rest in [[], [0], Array("\r\nPROXY".utf8)] {
            guard case .done(let header, let consumed) = try ProxyProtocol.parse((row.bytes + rest).span) else {
                Issue.record("more is needed")
                continue
            }
            #expect(consumed == row.bytes.count)
            #expect(header.version == row.version)
            #expect(header.isLocal == row.isLocal)
            #expect(header.source?.description == row.source)
            #expect(header.destination?.description == row.destination)
            #expect(header.kind == row.kind)
            #expect(header.additions == row.additions)
        }
        for count in 0..<row.bytes.count {
            let progress = try ProxyProtocol.parse(row.bytes.span.extracting(..<count))
            if progress != .needMore { Issue.record("\(progress) after \(count) bytes") }
        }
    }

    typealias Reason = ProxyProtocolError.Reason

    static let invalid: [(String, [UInt8], Reason)] =
        [
            ("GET", Array("GET / HTTP/1.1\r\n\r\n".utf8), Reason.signature),
            ("one byte", [0], .signature),
            ("lower case", line("proxy TCP4 192.0.2.1 192.0.2.2 1 2"), .signature),
            ("no space", line("PROXYTCP4 192.0.2.1 192.0.2.2 1 2"), .signature),
            ("nothing but PROXY", line("PROXY "), .line),
            ("another protocol", line("PROXY TCP5 192.0.2.1 192.0.2.2 1 2"), .line),
            ("UNKNOWNS", line("PROXY UNKNOWNS"), .line),
            ("too few", line("PROXY TCP4 192.0.2.1 192.0.2.2 1"), .line),
            ("too many", line("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3"), .line),
            ("a space at the end", line("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 "), .line),
            ("two spaces", line("PROXY TCP4  192.0.2.1 192.0.2.2 1 2"), .line),
            ("tab", line("PROXY TCP4\t192.0.2.1 192.0.2.2 1 2"), .line),
            ("LF", Array("PROXY UNKNOWN\n".utf8), .line),
            ("CR", Array("PROXY UNKNOWN\r\r\n".utf8), .line),
            ("IPv6 in TCP4", line("PROXY TCP4 ::1 ::1 1 2"), .address),
            ("IPv4 in TCP6", line("PROXY TCP6 192.0.2.1 192.0.2.2 1 2"), .address),
            ("name", line("PROXY TCP4 localhost 192.0.2.2 1 2"), .address),
            ("scope", line("PROXY TCP6 fe80::1%lo ::1 1 2"), .address),
            ("brackets", line("PROXY TCP6 [::1] ::1 1 2"), .address),
            ("three numbers", line("PROXY TCP4 192.0.2 192.0.2.2 1 2"), .address),
            ("256", line("PROXY TCP4 192.0.2.256 192.0.2.2 1 2"), .address),
            ("leading zero", line("PROXY TCP4 192.0.2.01 192.0.2.2 1 2"), .address),
            ("no address", line("PROXY TCP4 . 192.0.2.2 1 2"), .address),
            ("nine groups", line("PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2"), .address),
            ("five digits", line("PROXY TCP6 12345::1 ::1 1 2"), .address),
            ("two gaps", line("PROXY TCP6 1::2::3 ::1 1 2"), .address),
            ("NUL", line("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2"), .address),
            ("port 65536", line("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2"), .address),
            ("port 01", line("PROXY TCP4 192.0.2.1 192.0.2.2 1 02"), .address),
            ("port 00", line("PROXY TCP4 192.0.2.1 192.0.2.2 1 00"), .address),
            ("port -1", line("PROXY TCP4 192.0.2.1 192.0.2.2 -1 2"), .address),
            ("port +1", line("PROXY TCP4 192.0.2.1 192.0.2.2 +1 2"), .address),
            ("port 1e3", line("PROXY TCP4 192.0.2.1 192.0.2.2 1e3 2"), .address),
            ("port of 20 digits", line("PROXY TCP4 192.0.2.1 192.0.2.2 99999999999999999999 2"), .address),
            ("107 bytes without an end", Array("PROXY UNKNOWN".utf8) + [UInt8](repeating: 65, count: 94), .tooLong),
            ("108 bytes", Array("PROXY UNKNOWN".utf8) + [UInt8](repeating: 65, count: 93) + [13, 10], .tooLong),
            ("version 1 in binary", binary(0x11, 0x11, ipv4), .version),
            ("version 3", binary(0x31, 0x11, ipv4), .version),
            ("command 2", binary(0x22, 0x11, ipv4), .command),
            ("command 15", binary(0x2F, 0x11, ipv4), .command),
            ("family 4", binary(0x21, 0x41, ipv4), .family),
            ("family 15", binary(0x21, 0xF1, ipv4), .family),
            ("transport 3", binary(0x21, 0x13, ipv4), .family),
            ("IPv4 too short", binary(0x21, 0x11, Array(ipv4.dropLast())), .length),
            ("IPv6 too short", binary(0x21, 0x21, ipv4), .length),
            ("Unix too short", binary(0x21, 0x31, [UInt8](repeating: 0, count: 215)), .length),
            ("nothing", binary(0x21, 0x11, []), .length),
            ("4,097 bytes", binary(0x21, 0x11, [], length: 4096 - 15), .tooLong),
            ("65,551 bytes", binary(0x20, 0x00, [], length: 65_535), .tooLong),
        ]
        + (0..<12).map { index in
            var bytes = binary(0x21, 0x11, ipv4)
            bytes[index] ^= 1
            return ("signature, byte \(index)", bytes, .signature)
        }

    @Test("Anything else is refused, with the reason, as soon as it can be told", arguments: invalid.indices)
    func refusing(index: Int) {
        let (name, bytes, reason) = Self.invalid[index]
        let error = #expect(throws: ProxyProtocolError.self, "\(name)") { _ = try ProxyProtocol.parse(bytes.span) }
        #expect(error?.reason == reason, "\(name)")
        // What was refused stays refused, and what comes before it needs more.
        var refused = false
        for count in 0...bytes.count {
            switch Result(catching: { try ProxyProtocol.parse(bytes.span.extracting(..<count)) }) {
            case .success(let progress):
                if refused || progress != .needMore { Issue.record("\(name): \(progress) after \(count) bytes") }
            case .failure: refused = true
            }
        }
    }

    /// Parses, and looks at what no result may be.
    private func probe(_ bytes: [UInt8]) {
        guard case .done(let header, let consumed) = try? ProxyProtocol.parse(bytes.span) else { return }
        if consumed > bytes.count || consumed < 15 || (header.source == nil) != (header.destination == nil) {
            Issue.record("\(header), \(consumed) of \(bytes)")
        }
    }

    @Test("No byte that is changed traps", arguments: valid.filter { $0.bytes.count < 120 })
    func corrupted(row: Row) {
        for index in row.bytes.indices {
            var bytes = row.bytes
            for value in UInt8.min ... .max {
                bytes[index] = value
                probe(bytes)
            }
        }
    }

    @Test("Random bytes and mixtures of headers do not trap")
    func random() {
        var generator = Sequence(state: 0x5EED)
        // The long ones take their time and are no different.
        let short = Self.valid.map(\.bytes).filter { $0.count < 120 }
        for _ in 0..<200_000 {
            var bytes = short.randomElement(using: &generator) ?? []
            switch Int.random(in: 0..<3, using: &generator) {
            case 0:
                bytes = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in
                    .random(in: 0...255, using: &generator)
                }
            case 1:
                for _ in 0..<Int.random(in: 1..<4, using: &generator) {
                    bytes[bytes.indices.randomElement(using: &generator) ?? 0] = .random(in: 0...255, using: &generator)
                }
            default:
                let other = short.randomElement(using: &generator) ?? []
                let cut = Int.random(in: 0...bytes.count, using: &generator)
                bytes = Array(bytes[..<cut]) + other.suffix(Int.random(in: 0...other.count, using: &generator))
            }
            probe(bytes)
        }
    }

    /// The same numbers in each run: splitmix64.
    private struct Sequence: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    @Test("Errors print as one line")
    func descriptions() {
        let reasons: [(Reason, String)] = [
            (.signature, "neither version 1 nor version 2"), (.line, "malformed line"),
            (.address, "malformed address or port"), (.version, "unknown version"), (.command, "unknown command"),
            (.family, "unknown address family or transport"), (.length, "too short for its addresses"),
            (.tooLong, "too long"),
        ]
        for (reason, text) in reasons {
            guard let bytes = Self.invalid.first(where: { $0.2 == reason })?.1 else { continue }
            let error = #expect(throws: ProxyProtocolError.self) { _ = try ProxyProtocol.parse(bytes.span) }
            #expect(error?.description == "PROXY protocol: \(text)")
        }
    }
}
