/// The reader of the lines of a `/robots.txt` (RFC 9309 section 2.2).
struct RobotsParser {
    private(set) var groups: [RobotsRules.Group] = []
    private(set) var sitemaps: [String] = []
    /// Whether the last group has rules, so that a product begins another one.
    private var hasRules = false

    /// Takes a whole file.
    mutating func take(_ content: [UInt8]) {
        var content = content[...]
        if content.count > RobotsRules.maximumSize {
            content = content.prefix(RobotsRules.maximumSize)
            // A line that is cut off would say something else: `/` instead of `/private`.
            content = content[..<(content.lastIndex(where: Self.isLineEnd) ?? content.startIndex)]
        }
        // A byte order mark.
        if content.starts(with: [0xEF, 0xBB, 0xBF]) { content = content.dropFirst(3) }
        for line in content.split(whereSeparator: Self.isLineEnd) { take(line: line) }
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    private mutating func take(line: ArraySlice<UInt8>) {
        let line = line.prefix { $0 != UInt8(ascii: "#") }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = String(decoding: HTTPSyntax.trimmed(line[..<colon]).map(HTTPSyntax.lowercased), as: UTF8.self)
        let value = HTTPSyntax.trimmed(line[(colon + 1)...])
        switch name {
        case "user-agent": begin(Self.product(String(decoding: value, as: UTF8.self)))
        case "allow": add(value, isAllowed: true)
        case "disallow": add(value, isAllowed: false)
        // These two are no rules: a product after them is of the same group.
        case "crawl-delay": change { $0.delay = $0.delay ?? Self.delay(value) }
        case "request-rate": change { $0.rate = $0.rate ?? Self.rate(value) }
        case "sitemap": sitemaps.append(String(decoding: value, as: UTF8.self))
        default: break
        }
    }

    private mutating func begin(_ product: String) {
        if groups.isEmpty || hasRules { groups.append(RobotsRules.Group()) }
        hasRules = false
        change { $0.products.append(product) }
    }

    /// A rule without a path is one for nothing; it ends the list of products all the same.
    private mutating func add(_ value: ArraySlice<UInt8>, isAllowed: Bool) {
        hasRules = true
        guard !value.isEmpty else { return }
        change { $0.rules.append(RobotsRules.Rule(pattern: RobotsPattern(value), isAllowed: isAllowed)) }
    }

    /// Changes the group that a line stands in; before the first one there is none.
    private mutating func change(_ body: (inout RobotsRules.Group) -> Void) {
        guard !groups.isEmpty else { return }
        body(&groups[groups.count - 1])
    }

    /// The product token at the beginning of a name such as `ExampleBot/1.0 (+https://example.com)`, in lower case.
    static func product(_ text: String) -> String {
        let token = text.utf8.prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") }
        return String(decoding: token.map(HTTPSyntax.lowercased), as: UTF8.self)
    }

    /// `5`, `0.5`: milliseconds at the finest.
    private static func delay(_ value: ArraySlice<UInt8>) -> Duration? {
        let parts = value.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let seconds = number(parts[0]) else { return nil }
        guard parts.count == 2 else { return .seconds(seconds) }
        guard let fraction = number((parts[1].prefix(3) + [0x30, 0x30]).prefix(3)), number(parts[1].prefix(1)) != nil,
            parts[1].allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return .seconds(seconds) + .milliseconds(fraction)
    }

    /// `1/5`: one request in five seconds.
    private static func rate(_ value: ArraySlice<UInt8>) -> RobotsRules.RequestRate? {
        let parts = value.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, let requests = number(HTTPSyntax.trimmed(parts[0])),
            let seconds = number(HTTPSyntax.trimmed(parts[1]))
        else { return nil }
        return RobotsRules.RequestRate(requests: requests, period: .seconds(seconds))
    }

    /// Up to nine digits, which every kind of number holds.
    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard 1...9 ~= digits.count, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}
