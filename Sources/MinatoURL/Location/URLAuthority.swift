/// What stands between `//` and the path: user information, host and port (RFC 3986 section 3.2).
struct URLAuthority: Hashable, Sendable {
    let user: String?
    let password: String?
    /// In lower case, an address without its brackets; a zone keeps its case.
    let host: String
    let port: Int?

    private typealias Problem = RequestURL.Problem

    /// Reads an authority that has neither spaces nor controls.
    init(_ text: String) throws(RequestURL.Problem) {
        let bytes = Array(text.utf8)[...]
        // Whatever is not ASCII can be written in ways that others take for a delimiter, and so can a backslash.
        guard bytes.allSatisfy({ $0 < 0x80 && $0 != UInt8(ascii: "\\") }) else {
            throw Problem(detail: "a backslash or a character that is not ASCII before the path")
        }
        // The last one: of two readings of `a@b@c` this is the one that all share who accept it.
        let at = bytes.lastIndex(of: UInt8(ascii: "@"))
        if let at {
            guard !bytes[..<at].contains(where: { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "]") }) else {
                throw Problem(detail: "a bracket in the user information")
            }
            let colon = bytes[..<at].firstIndex(of: UInt8(ascii: ":"))
            user = Self.text(bytes[..<(colon ?? at)])
            password = colon.map { Self.text(bytes[($0 + 1)..<at]) }
        } else {
            user = nil
            password = nil
        }
        let (host, port) = try Self.divide(at.map { bytes[($0 + 1)...] } ?? bytes)
        self.host = host
        self.port = try port.map(Self.number) ?? nil
    }

    /// The host, and what follows the colon after it.
    private static func divide(
        _ bytes: ArraySlice<UInt8>
    ) throws(Problem) -> (host: String, port: ArraySlice<UInt8>?) {
        let colon = UInt8(ascii: ":")
        if bytes.first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else {
                throw Problem(detail: "a bracket is not closed")
            }
            let rest = bytes[(end + 1)...]
            guard rest.isEmpty || rest.first == colon else { throw Problem(detail: "something follows the bracket") }
            let literal = bytes[..<end].dropFirst()
            guard IPLiteral.isValid(literal) else { throw Problem(detail: "no IPv6 address between the brackets") }
            let address = literal.prefix { $0 != UInt8(ascii: "%") }
            return (
                text(address).lowercased() + text(literal[address.endIndex...]), rest.isEmpty ? nil : rest.dropFirst()
            )
        }
        let end = bytes.firstIndex(of: colon)
        let name = bytes[..<(end ?? bytes.endIndex)]
        let decoded = PercentEncoding.decode(name) { _ in false }
        guard decoded.isWellFormed, name.allSatisfy({ nameCharacters.contains($0) }) else {
            throw Problem(detail: "a character in the host that no host has")
        }
        return (text(name).lowercased(), end.map { bytes[($0 + 1)...] })
    }

    private static let nameCharacters = ASCIISet.unreserved.union(.subDelimiters).union(ASCIISet("%"))

    /// The number of a port; none is nil.
    private static func number(_ digits: ArraySlice<UInt8>) throws(Problem) -> Int? {
        guard digits.allSatisfy({ ASCIISet.digits.contains($0) }) else {
            throw Problem(detail: "the port is not a number")
        }
        guard !digits.isEmpty else { return nil }
        var port = 0
        for digit in digits {
            port = port * 10 + Int(digit - UInt8(ascii: "0"))
            guard port <= 65_535 else { throw Problem(detail: "the port is over 65535") }
        }
        return port
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

extension URLAuthority {
    private init(host: String, port: Int?) {
        user = nil
        password = nil
        self.host = host
        self.port = port
    }

    /// Host and port alone.
    func removingUserInformation() -> URLAuthority { URLAuthority(host: host, port: port) }
}
