/// The hosts that are reached without a proxy: what stands in the variable `no_proxy`.
///
/// A list separated by commas, with spaces around the entries allowed:
///
/// | entry | holds for |
/// |---|---|
/// | `*`, and nothing else in the list | every host |
/// | `example.com`, `.example.com` | that name, and all below it; not `badexample.com` |
/// | `example.com:8080`, `10.0.0.1:8080`, `[::1]:8080` | the same, at that port only |
/// | `10.0.0.1`, `::1`, `[::1]` | that address, however it is written |
/// | `10.0.0.0/8`, `2001:db8::/32` | the addresses of that network |
///
/// Case does not matter, nor does a dot at the end of a name. The port of a URL without one is its scheme's own. Nothing is
/// looked up: a network holds for addresses in URLs, not for names that lead there. An entry that is none of these holds for
/// nothing; `*.example.com` is one of those, as in Python.
///
/// Python: `urllib.request.proxy_bypass_environment`, which knows no networks, compares addresses as text, and takes `0.0.1`
/// for the end of `127.0.0.1`.
public struct NoProxy: Hashable, Sendable {
    private struct Rule: Hashable, Sendable {
        enum Hosts: Hashable, Sendable {
            /// A name in lower case, and those below it.
            case name(String)
            case network(IPNetwork)
        }
        var hosts: Hosts
        /// nil for every port.
        var port: Int?
    }

    private let coversAll: Bool
    private let rules: [Rule]

    /// Reads a list. Every text is one; an empty one holds for no host.
    public init(_ list: String) {
        coversAll = list == "*"
        rules = coversAll ? [] : list.utf8.split(separator: UInt8(ascii: ",")).compactMap { Self.rule($0) }
    }

    /// Whether a URL is reached without a proxy; false for a text that is no URL.
    ///
    /// Python: `urllib.request.proxy_bypass`.
    public func covers(_ url: String) -> Bool {
        (try? RequestURL(url)).map { covers($0.origin) } ?? false
    }

    package func covers(_ origin: Origin) -> Bool {
        if coversAll { return true }
        let address = HostAddress(origin.host)
        let name = Self.withoutLastDot(origin.host)
        return rules.contains { rule in
            guard rule.port == nil || rule.port == origin.port else { return false }
            switch (rule.hosts, address) {
            case (.network(let network), let address?): return network.contains(address)
            case (.name(let suffix), nil):
                return name == suffix || name.utf8.reversed().starts(with: ("." + suffix).utf8.reversed())
            default: return false
            }
        }
    }

    private static func rule(_ entry: Substring.UTF8View.SubSequence) -> Rule? {
        var bytes = entry
        while let first = bytes.first, isSpace(first) { bytes.removeFirst() }
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        while bytes.first == UInt8(ascii: ".") { bytes.removeFirst() }
        let text = String(Substring(bytes)).lowercased()
        if text.utf8.contains(UInt8(ascii: "/")) {
            return IPNetwork(text).map { Rule(hosts: .network($0), port: nil) }
        }
        // Before ports are looked for: in `::1` no colon is that of a port.
        if let address = HostAddress(text) { return Rule(hosts: .network(IPNetwork(address)), port: nil) }
        var host = text[...]
        var port: Int?
        if let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) {
            let digits = text.utf8[colon...].dropFirst()
            guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = UInt16(String(Substring(digits)))
            else { return nil }
            host = text[..<colon]
            port = Int(number)
        }
        if let address = HostAddress(String(host)) {
            return Rule(hosts: .network(IPNetwork(address)), port: port)
        }
        let name = withoutLastDot(String(host))
        return name.isEmpty || name.utf8.contains(UInt8(ascii: ":")) ? nil : Rule(hosts: .name(name), port: port)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func withoutLastDot(_ name: String) -> String {
        name.utf8.last == UInt8(ascii: ".") ? String(name.dropLast()) : name
    }
}

extension NoProxy: ExpressibleByStringLiteral {
    /// Reads a list, as in `.fixed(proxy, except: "localhost,10.0.0.0/8")`.
    public init(stringLiteral list: String) { self.init(list) }
}
