/// What a site asks of programs that fetch its pages by themselves: the rules of its `/robots.txt`.
///
/// ```swift
/// let response = try await urlopen("https://example.com/robots.txt")
/// let rules = RobotsRules(try await response.body.read(RobotsRules.maximumSize + 1))  // more would not be used
/// if rules.allows("https://example.com/shop?page=2", for: "ExampleBot") { ... }
/// ```
///
/// The rules are those of RFC 9309. Of the rules that match a path the longest counts, and of two as long the one that allows;
/// `*` stands for any characters, and `$` at the end for the end. Groups of the same product are one group. What no rule
/// matches is allowed, and so is `/robots.txt`. Which response means what says ``init(status:body:)``.
///
/// A value: nothing is fetched, and any number of threads may use it. A crawler asks a site again after a day at the latest.
///
/// Python: `urllib.robotparser.RobotFileParser`, which until 3.14 takes the first rule that matches, knows no `*`, and finds a
/// product by a part of its name.
public struct RobotsRules: Hashable, Sendable {
    /// How often a site wants to be asked.
    ///
    /// Python: `urllib.robotparser.RequestRate`.
    public struct RequestRate: Hashable, Sendable {
        /// So many requests.
        public let requests: Int
        /// In this time.
        public let period: Duration
    }

    /// What holds for some products.
    struct Group: Hashable, Sendable {
        /// Product tokens in lower case, or `*`.
        var products: [String] = []
        var rules: [Rule] = []
        var delay: Duration?
        var rate: RequestRate?
    }

    /// What holds for some paths.
    struct Rule: Hashable, Sendable {
        var pattern: RobotsPattern
        var isAllowed: Bool
    }

    /// What is used of a file: 500 KiB. The line that goes beyond it is left out, and all that follow; so give a byte more of a
    /// longer file, lest a line that is cut off count as a whole one.
    public static let maximumSize = 500 * 1024

    /// Everything is allowed.
    ///
    /// Python: `RobotFileParser.allow_all`.
    public static let allowsAll = RobotsRules([])

    /// Nothing is, but `/robots.txt`.
    ///
    /// Python: `RobotFileParser.disallow_all`.
    public static let disallowsAll = RobotsRules(Array("User-agent: *\nDisallow: /".utf8))

    private let groups: [Group]

    /// The URLs of the site's maps, in the order of the file, as they are written there.
    ///
    /// Python: `RobotFileParser.site_maps`.
    public let sitemaps: [String]

    /// Reads a file.
    ///
    /// Every content is one: lines that say nothing are passed over. It is UTF-8; other bytes are compared as bytes.
    ///
    /// - Parameter content: The file. Of more than ``maximumSize`` bytes the rest counts for nothing.
    ///
    /// Python: `RobotFileParser.parse`.
    public init(_ content: [UInt8]) {
        var parser = RobotsParser()
        parser.take(content)
        groups = parser.groups
        sitemaps = parser.sitemaps
    }

    /// What the response to a request for `/robots.txt` means (RFC 9309 section 2.3.1).
    ///
    /// | status | rules |
    /// |---|---|
    /// | 200 to 299 | those of the body |
    /// | 400 to 499 but for 429, and a redirect that was not followed | everything is allowed: there are no rules |
    /// | any other: 429, 500 to 599 | nothing is allowed: there may be rules, but nobody can tell |
    ///
    /// A request without a response means the last, too: ``disallowsAll``. Python takes 401 and 403 for a site that wants
    /// nobody; the RFC does not.
    ///
    /// - Parameters:
    ///   - status: The status of the last response.
    ///   - body: Its body; of meaning with 200 to 299 only.
    ///
    /// Python: `RobotFileParser.read`.
    public init(status: Int, body: [UInt8] = []) {
        switch status {
        case 200...299: self.init(body)
        case 429: self = .disallowsAll
        case 300...499: self = .allowsAll
        default: self = .disallowsAll
        }
    }

    /// Whether a product may fetch a URL.
    ///
    /// - Parameters:
    ///   - url: A URL of this site, of which path and query count; or the path itself, with a slash in front.
    ///   - product: The name of the program, as it is at the beginning of its User-Agent field: what follows a `/` or a space
    ///     is left out. The case does not matter.
    ///
    /// Python: `RobotFileParser.can_fetch`.
    public func allows(_ url: String, for product: String) -> Bool {
        let path = RobotsPattern.path(of: url)
        if path == Array("/robots.txt".utf8) { return true }
        var best: Rule?
        for rule in rules(for: product) where rule.pattern.matches(path) {
            let (length, bestLength) = (rule.pattern.length, best?.pattern.length ?? -1)
            if length > bestLength || length == bestLength && rule.isAllowed { best = rule }
        }
        return best?.isAllowed ?? true
    }

    /// How long a product is to wait between two requests, or nil when nothing is said.
    ///
    /// Not in RFC 9309. Seconds, with or without a fraction; the first one of the product's groups counts.
    ///
    /// Python: `RobotFileParser.crawl_delay`, which knows whole seconds only.
    public func crawlDelay(for product: String) -> Duration? {
        groups(for: product).lazy.compactMap(\.delay).first
    }

    /// How many requests a product may make in which time, or nil when nothing is said.
    ///
    /// Not in RFC 9309. The first one of the product's groups counts.
    ///
    /// Python: `RobotFileParser.request_rate`.
    public func requestRate(for product: String) -> RequestRate? {
        groups(for: product).lazy.compactMap(\.rate).first
    }

    private func rules(for product: String) -> [Rule] { groups(for: product).flatMap(\.rules) }

    /// The groups that name a product; without one those for all.
    private func groups(for product: String) -> [Group] {
        let token = RobotsParser.product(product)
        let own = groups.filter { $0.products.contains(token) }
        return own.isEmpty ? groups.filter { $0.products.contains("*") } : own
    }
}
