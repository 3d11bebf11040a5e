internal import MinatoLoop

/// Cookies: taken from responses, and sent back to those they are for.
///
/// ```swift
/// let jar = CookieJar()
/// let opener = URLOpener(CookieHandler(jar))
/// _ = try opener.openBlocking("https://example.com/login", body: form)
/// _ = try opener.openBlocking("https://example.com/private")      // with the cookies of the first one
/// try jar.save(to: "cookies.txt", includingSession: true)
/// ```
///
/// The rules are those of RFC 6265bis. A cookie is for the host that it came from, or with a Domain attribute for all hosts of
/// that domain; never for a domain that strangers share (`co.uk`), which libpsl knows. On a machine without libpsl nobody
/// knows, and every cookie is for its own host alone: see ``knowsPublicSuffixes``. An IP address has nothing below it.
///
/// - A Secure cookie comes and goes over https, and without a proxy to this machine itself: `localhost`, 127.0.0.0/8, `::1`.
///   Nothing that comes over another way replaces or hides one.
/// - `__Secure-` and `__Host-` in front of a name are held to what they promise, in any case of letters.
/// - SameSite is kept, and changes nothing but this: with `None` a cookie has to be Secure.
/// - Left out: fields with controls or that are not UTF-8, and more than 4096 bytes of name and value. An attribute longer than
///   1024 bytes counts for nothing.
/// - A cookie lives 400 days at most. A jar keeps 180 of one domain and 3000 in all; when there are more, those go that were
///   not sent for longest, of domains with more than 50 first, secure ones last.
///
/// Printing or dumping a jar shows no values. One jar may be used by any number of openers and threads at once; no method
/// waits for anything but another one's short work, and those for files for the file.
///
/// Python: `http.cookiejar.CookieJar`, `MozillaCookieJar`.
public final class CookieJar: Sendable {
    private let store: Guarded<CookieStore>
    private let clock: @Sendable () -> WallTime

    /// Makes an empty jar.
    public convenience init() {
        self.init(suffixes: .ofSystem) { .now }
    }

    init(suffixes: PublicSuffixes?, clock: @escaping @Sendable () -> WallTime) {
        store = Guarded(CookieStore(suffixes: suffixes))
        self.clock = clock
    }

    /// Whether libpsl was found, so that Domain attributes count.
    public static var knowsPublicSuffixes: Bool { PublicSuffixes.ofSystem != nil }

    /// The cookies, in the order of coming; those that have expired are gone.
    ///
    /// Python: iterating over the jar.
    public var cookies: [Cookie] { withStore { store, now in store.cookies(at: now) } }

    /// The cookies that a request to a URL would carry, in the order of sending; none for a text that is no http or https URL.
    public func cookies(for url: String) -> [Cookie] {
        (try? RequestURL(url)).map { cookies(for: CookiePlace($0)) } ?? []
    }

    /// The value of a Cookie field for a URL, or nil when there is no cookie for it.
    ///
    /// It is a secret. A ``CookieHandler`` sends it by itself.
    ///
    /// Python: `CookieJar.add_cookie_header`.
    public func field(for url: String) -> String? {
        (try? RequestURL(url)).flatMap { self.field(for: CookiePlace($0)) }
    }

    /// Takes the value of a Set-Cookie field as if it had come in a response from a URL.
    ///
    /// For cookies of the program's own, too: `jar.receive("id=7; Secure; Path=/", from: "https://example.com/")`.
    ///
    /// - Returns: Whether the rules allow it. One that allows itself no time (`Max-Age=0`) is taken, and removes its
    ///   predecessor.
    ///
    /// Python: `CookieJar.extract_cookies`, `set_cookie`.
    @discardableResult
    public func receive(_ field: String, from url: String) -> Bool {
        guard let location = try? RequestURL(url) else { return false }
        return take(Array(field.utf8), from: CookiePlace(location)) == nil
    }

    /// Removes the cookies that a condition holds for; it must not use the jar.
    ///
    /// Python: `CookieJar.clear`.
    public func remove(where condition: (Cookie) -> Bool) {
        withStore { store, _ in store.remove(where: condition) }
    }

    /// Removes all cookies.
    ///
    /// Python: `CookieJar.clear`.
    public func removeAll() { remove { _ in true } }

    /// Removes the cookies that end with the session.
    ///
    /// Python: `CookieJar.clear_session_cookies`.
    public func removeSessionCookies() { remove { $0.expires == nil } }
}

extension CookieJar {
    func cookies(for place: CookiePlace) -> [Cookie] {
        withStore { store, now in store.cookies(for: place, at: now) }
    }

    func field(for place: CookiePlace) -> String? {
        let cookies = cookies(for: place)
        return cookies.isEmpty ? nil : cookies.map(\.text).joined(separator: "; ")
    }

    /// Takes a field, or says why not.
    @discardableResult
    func take(_ field: [UInt8], from place: CookiePlace) -> CookieRefusal? {
        withStore { store, now in
            do throws(CookieRefusal) {
                try store.receive(field, from: place, at: now)
                return nil
            } catch {
                return error
            }
        }
    }

    /// Runs `body` while no other thread has the cookies.
    func withStore<Result>(_ body: (inout CookieStore, WallTime) -> Result) -> Result {
        let now = clock()
        return store.withLock { body(&$0, now) }
    }
}

extension CookieJar: CustomStringConvertible, CustomReflectable {
    /// How many cookies there are.
    public var description: String { "CookieJar with \(cookies.count) cookies" }

    /// The cookies as they may be shown.
    public var customMirror: Mirror { Mirror(self, children: ["cookies": cookies]) }
}
