/// The cookies of a jar and the rules for them (RFC 6265bis sections 5.7 and 5.8), without a clock and without a lock.
struct CookieStore: Sendable {
    /// A cookie, and where it stands in the order of coming and of being used.
    ///
    /// Numbers and not times: they never stand still, nor go back when the clock is set.
    private struct Entry: Sendable {
        var cookie: Cookie
        var created: UInt64
        var used: UInt64
    }

    /// More of one domain are not kept.
    static let maximumOfDomain = 180
    /// More are not kept in all.
    static let maximum = 3000
    /// A domain that has more than these gives up some before others do.
    private static let fairShare = 50
    /// The longest life: 400 days.
    static let maximumAge: Int64 = 400 * 86_400

    /// nil when nobody knows any.
    let suffixes: PublicSuffixes?
    /// By domain; no array is empty.
    private var entries: [String: [Entry]] = [:]
    private(set) var count = 0
    private var turn: UInt64 = 0
    /// No cookie ends before this.
    private var nextEnd = WallTime(secondsSince1970: .max)

    init(suffixes: PublicSuffixes?) {
        self.suffixes = suffixes
    }

    /// All cookies, in the order of coming.
    mutating func cookies(at now: WallTime) -> [Cookie] {
        removeExpired(at: now)
        return entries.values.joined().sorted { $0.created < $1.created }.map(\.cookie)
    }

    /// The cookies for a place, in the order of sending: longer paths first, then older ones.
    mutating func cookies(for place: CookiePlace, at now: WallTime) -> [Cookie] {
        removeExpired(at: now)
        turn += 1
        var found: [Entry] = []
        for domain in place.domains {
            guard let own = entries[domain] else { continue }
            // The list may have changed since a cookie came, or it came from a file.
            let isShared = domain == place.host || suffixes?.contains(domain) != true
            for index in own.indices where isShared && Self.goes(own[index].cookie, to: place) {
                entries[domain]?[index].used = turn
                found.append(own[index])
            }
        }
        return found.sorted { Self.comesFirst($0, $1) }.map(\.cookie)
    }

    private static func goes(_ cookie: Cookie, to place: CookiePlace) -> Bool {
        (cookie.isHostOnly ? place.host == cookie.domain : place.isWithin(cookie.domain))
            && CookiePlace.isPath(place.path, within: cookie.path) && (!cookie.isSecure || place.isSecure)
    }

    private static func comesFirst(_ one: Entry, _ other: Entry) -> Bool {
        let (length, otherLength) = (one.cookie.path.utf8.count, other.cookie.path.utf8.count)
        return length == otherLength ? one.created < other.created : length > otherLength
    }

    /// Keeps a cookie in place of an equal one; one that has expired removes that one.
    mutating func insert(_ cookie: Cookie, at now: WallTime) {
        removeExpired(at: now)
        turn += 1
        var entry = Entry(cookie: cookie, created: turn, used: turn)
        var own = entries[cookie.domain] ?? []
        if let old = own.firstIndex(where: { cookie.replaces($0.cookie) }) {
            entry.created = own[old].created
            own.remove(at: old)
            count -= 1
        }
        if cookie.expires.map({ $0 > now }) ?? true {
            own.append(entry)
            count += 1
            nextEnd = min(nextEnd, cookie.expires ?? nextEnd)
        }
        entries[cookie.domain] = own.isEmpty ? nil : own
        if own.count > Self.maximumOfDomain { removeLeastUsed(of: [cookie.domain]) }
        if count > Self.maximum { makeRoom() }
    }

    /// Removes the cookies that the condition holds for.
    mutating func remove(where condition: (Cookie) -> Bool) {
        for (domain, own) in entries {
            let kept = own.filter { !condition($0.cookie) }
            count -= own.count - kept.count
            entries[domain] = kept.isEmpty ? nil : kept
        }
    }

    private mutating func removeExpired(at now: WallTime) {
        guard nextEnd <= now else { return }
        remove { cookie in cookie.expires.map { $0 <= now } ?? false }
        nextEnd = entries.values.joined().compactMap(\.cookie.expires).min() ?? WallTime(secondsSince1970: .max)
    }

    /// Gives up one cookie: of a domain that has more than its share, if there is one.
    private mutating func makeRoom() {
        let greedy = entries.filter { $0.value.count > Self.fairShare }.map(\.key)
        removeLeastUsed(of: greedy.isEmpty ? Array(entries.keys) : greedy, sparingSecure: !greedy.isEmpty)
    }

    /// Gives up the cookie of these domains that was not used for longest; when secure ones are spared, only if there is no
    /// other one.
    private mutating func removeLeastUsed(of domains: [String], sparingSecure: Bool = true) {
        var victim: (domain: String, index: Int, entry: Entry)?
        for domain in domains {
            for (index, entry) in (entries[domain] ?? []).enumerated() {
                let isWorse = victim.map { victim in
                    sparingSecure && entry.cookie.isSecure != victim.entry.cookie.isSecure
                        ? !entry.cookie.isSecure : entry.used < victim.entry.used
                }
                if isWorse ?? true { victim = (domain, index, entry) }
            }
        }
        guard let victim else { return }
        entries[victim.domain]?.remove(at: victim.index)
        if entries[victim.domain]?.isEmpty == true { entries[victim.domain] = nil }
        count -= 1
    }

    /// Whether a cookie that comes over a way anybody can write to would be sent before, or in place of, a secure one.
    mutating func hidesSecure(_ new: Cookie, at now: WallTime) -> Bool {
        removeExpired(at: now)
        return entries.contains { domain, own in
            (CookiePlace.isWithin(domain, new.domain) || CookiePlace.isWithin(new.domain, domain))
                && own.contains { entry in
                    let old = entry.cookie
                    return old.isSecure && old.name.utf8.elementsEqual(new.name.utf8)
                        && CookiePlace.isPath(new.path, within: old.path)
                }
        }
    }
}
