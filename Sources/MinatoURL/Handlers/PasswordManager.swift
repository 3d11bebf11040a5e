internal import MinatoLoop

/// User names and passwords, by realm and place.
///
/// ```swift
/// let passwords = PasswordManager()
/// passwords.add(realm: "PDQ Application", uri: "https://mahler:8092/site-updates.py", user: "klem", password: secret)
/// ```
///
/// An entry holds for one scheme, host and port, and there for its path and what lies below it:
///
/// - The scheme is part of it: what was added for https is never sent over http. Python leaves it out.
/// - Hosts compare without regard to case, and a port that is not written is the scheme's own.
/// - Paths compare by segment, after dot segments and needless percent-encoding are resolved: `/foo` covers `/foo` and
///   `/foo/x`, not `/foobar`; `/foo/` does not cover `/foo`; `/a/../c` lies under `/c`, not under `/a`. Queries do not count.
/// - A URI without a scheme (`mahler:8092/private`) is taken for https, because nothing in it allows sending a password
///   where everybody can read it. Write `http://` to allow it. A URI that cannot be parsed covers nothing.
/// - A user name and password in a URI are ignored.
///
/// Among the entries that cover a URL the first added counts, as in Python, and not the one with the longest path: add the
/// narrower ones first. May be used from any number of threads.
///
/// Python: `HTTPPasswordMgr`, `HTTPPasswordMgrWithDefaultRealm` and `HTTPPasswordMgrWithPriorAuth`, in one.
public final class PasswordManager: Sendable {
    private struct Entry: Sendable {
        let realm: String?
        let scope: PasswordScope
        var credentials: Credentials
        var isAuthenticated: Bool
    }

    private let entries = Guarded<[Entry]>([])
    let hasPriorAuthentication: Bool

    /// Makes an empty manager.
    ///
    /// - Parameter priorAuthentication: Whether ``BasicAuthHandler`` sends credentials unasked: those of an entry that is
    ///   authenticated (``isAuthenticated(uri:)``) go along with every request that it covers, which saves the challenge. The
    ///   handler makes an entry authenticated when a server answers its credentials with a status of 200 to 299, and takes that
    ///   back when it answers with 401. (Python takes it back for every other status, a redirect or a missing page included.)
    ///   By default false: nothing is sent before a server asks. Digest needs no such thing, see ``DigestAuthHandler``.
    ///
    /// Python: with `true`, `HTTPPasswordMgrWithPriorAuth`.
    public init(priorAuthentication: Bool = false) {
        hasPriorAuthentication = priorAuthentication
    }

    /// Adds an entry, or changes the one of the same realm and place, which keeps its rank.
    ///
    /// - Parameters:
    ///   - realm: The realm that the server's challenge has to name, exactly; nil is for all realms that no entry names.
    ///   - uri: The place: scheme, host, port and path, as above.
    ///   - user: The user name. One with a colon or a control cannot be sent and makes the open fail (`badCredentials`).
    ///   - password: The password.
    ///   - isAuthenticated: Whether the entry is authenticated from the start, so that its credentials go along with the first
    ///     request already. It counts in a manager with prior authentication only. By default false.
    ///
    /// Python: `add_password`.
    public func add(realm: String?, uri: String, user: String, password: String, isAuthenticated: Bool = false) {
        guard let scope = PasswordScope(uri) else { return }
        let credentials = Credentials(user: user, password: password)
        entries.withLock { entries in
            if let index = entries.firstIndex(where: { $0.realm == realm && $0.scope == scope }) {
                entries[index].credentials = credentials
                entries[index].isAuthenticated = isAuthenticated
            } else {
                entries.append(
                    Entry(realm: realm, scope: scope, credentials: credentials, isAuthenticated: isAuthenticated))
            }
        }
    }

    /// Whether a URI can be parsed, so that an entry for it covers something.
    package static func isPlace(_ uri: String) -> Bool { PasswordScope(uri) != nil }

    /// Finds what is to be sent to a URL whose server asks for a realm.
    ///
    /// - Parameters:
    ///   - realm: The realm that was asked for; nil looks at the entries for all realms only.
    ///   - uri: The whole URL.
    /// - Returns: The first entry of the realm that covers the URL, else the first one for all realms that does, else nil.
    ///
    /// Python: `find_user_password`.
    public func find(realm: String?, uri: String) -> Credentials? {
        let covering = covering(uri)
        let match = covering.first { $0.realm == realm } ?? covering.first { $0.realm == nil }
        return match?.credentials
    }

    private func covering(_ uri: String) -> [Entry] {
        guard let place = PasswordScope(uri) else { return [] }
        return entries.withLock { entries in entries.filter { $0.scope.covers(place) } }
    }

    /// Whether any entry covers a URL: one with these credentials, when some are given.
    func covers(uri: String, with credentials: Credentials? = nil) -> Bool {
        covering(uri).contains { credentials == nil || $0.credentials == credentials }
    }
}

// Prior authentication.
extension PasswordManager {
    /// Whether an entry that covers a URL is authenticated: its credentials go along unasked.
    ///
    /// Always false in a manager without prior authentication.
    ///
    /// - Parameter uri: The whole URL.
    ///
    /// Python: `is_authenticated`.
    public func isAuthenticated(uri: String) -> Bool {
        authenticated(uri: uri) != nil
    }

    /// Makes the entries that cover a URL authenticated, or takes that back.
    ///
    /// Without such an entry, nothing happens. Without prior authentication it has no effect.
    ///
    /// - Parameters:
    ///   - uri: The whole URL.
    ///   - isAuthenticated: Whether their credentials are to go along unasked.
    ///
    /// Python: `update_authenticated`.
    public func updateAuthenticated(uri: String, _ isAuthenticated: Bool) {
        note(nil, uri: uri, isAccepted: isAuthenticated)
    }

    /// The credentials of the first entry that covers a URL and is authenticated.
    func authenticated(uri: String) -> Credentials? {
        guard hasPriorAuthentication else { return nil }
        return covering(uri).first { $0.isAuthenticated }?.credentials
    }

    /// Notes that credentials were accepted or refused at a URL; nil is for all of them.
    func note(_ credentials: Credentials?, uri: String, isAccepted: Bool) {
        guard hasPriorAuthentication, let place = PasswordScope(uri) else { return }
        entries.withLock { entries in
            for index in entries.indices where entries[index].scope.covers(place) {
                guard credentials == nil || entries[index].credentials == credentials else { continue }
                entries[index].isAuthenticated = isAccepted
            }
        }
    }
}
