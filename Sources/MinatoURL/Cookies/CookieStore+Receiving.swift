extension CookieStore {
    /// Takes a Set-Cookie field from a place, or says why not.
    mutating func receive(_ field: [UInt8], from place: CookiePlace, at now: WallTime) throws(CookieRefusal) {
        let received = try SetCookie(parsing: field)
        let (domain, isHostOnly) = try self.domain(of: received, from: place)
        let cookie = Cookie(
            name: received.name, value: received.value, domain: domain, isHostOnly: isHostOnly,
            path: received.path ?? place.defaultPath, isSecure: received.isSecure, isHTTPOnly: received.isHTTPOnly,
            sameSite: received.sameSite, expires: Self.end(of: received, at: now))
        if !place.isSecure {
            guard !cookie.isSecure else { throw .insecureWay }
            guard !hidesSecure(cookie, at: now) else { throw .hidesSecure }
        }
        guard cookie.sameSite != .none || cookie.isSecure else { throw .sameSiteNone }
        guard cookie.keepsItsPrefix(hasPath: received.hasPath) else { throw .prefix }
        insert(cookie, at: now)
    }

    /// Whom the cookie is for.
    private func domain(
        of received: SetCookie, from place: CookiePlace
    ) throws(CookieRefusal) -> (domain: String, isHostOnly: Bool) {
        let domain = received.domain
        guard domain.utf8.allSatisfy({ $0 < 0x80 }) else { throw .foreignDomain }
        // Before the list is asked: the list knows names only. An address has nothing below it.
        if domain.isEmpty || place.isAddress && domain == place.host { return (place.host, true) }
        if let suffixes, suffixes.contains(domain) {
            guard domain == place.host else { throw place.isWithin(domain) ? .publicSuffix : .foreignDomain }
            return (place.host, true)
        }
        guard place.isWithin(domain) else { throw .foreignDomain }
        // Without a list nobody can say whether the domain is one that strangers share.
        return suffixes == nil ? (place.host, true) : (domain, false)
    }

    private static func end(of received: SetCookie, at now: WallTime) -> WallTime? {
        let latest = now.advanced(by: maximumAge)
        if let age = received.maximumAge {
            return age <= 0 ? WallTime(secondsSince1970: .min) : min(now.advanced(by: age), latest)
        }
        return received.expires.map { min($0, latest) }
    }
}

extension Cookie {
    /// Whether what the prefix of its name promises holds (RFC 6265bis section 5.4).
    ///
    /// The case does not matter, for servers read names without regard to it; and a value without a name must not look like
    /// one of these names, for it is sent like one.
    func keepsItsPrefix(hasPath: Bool) -> Bool {
        func has(_ prefix: String) -> Bool { HTTPSyntax.hasPrefix(name.isEmpty ? value : name, prefix) }
        if has("__Secure-") { return !name.isEmpty && isSecure }
        if has("__Host-") { return !name.isEmpty && isSecure && isHostOnly && hasPath && path == "/" }
        return true
    }
}
