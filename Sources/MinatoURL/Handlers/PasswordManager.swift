internal import MinatoSocket

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
/// Among the entries that cover a URL the first added counts. May be used from any number of threads.
///
/// Python: `HTTPPasswordMgr` and `HTTPPasswordMgrWithDefaultRealm`, in one.
public final class PasswordManager: Sendable {
    private struct Entry: Sendable {
        let realm: String?
        let scope: PasswordScope
        var credentials: Credentials
    }

    private let entries = Guarded<[Entry]>([])

    /// Makes an empty manager.
    public init() {}

    /// Adds an entry, or changes the one of the same realm and place, which keeps its rank.
    ///
    /// - Parameters:
    ///   - realm: The realm that the server's challenge has to name, exactly; nil is for all realms that no entry names.
    ///   - uri: The place: scheme, host, port and path, as above.
    ///   - user: The user name. One with a colon or a control cannot be sent and makes the open fail (`badCredentials`).
    ///   - password: The password.
    ///
    /// Python: `add_password`.
    public func add(realm: String?, uri: String, user: String, password: String) {
        guard let scope = PasswordScope(uri) else { return }
        let credentials = Credentials(user: user, password: password)
        entries.withLock { entries in
            if let index = entries.firstIndex(where: { $0.realm == realm && $0.scope == scope }) {
                entries[index].credentials = credentials
            } else {
                entries.append(Entry(realm: realm, scope: scope, credentials: credentials))
            }
        }
    }

    /// Finds what is to be sent to a URL whose server asks for a realm.
    ///
    /// - Parameters:
    ///   - realm: The realm that was asked for; nil looks at the entries for all realms only.
    ///   - uri: The whole URL.
    /// - Returns: The first entry of the realm that covers the URL, else the first one for all realms that does, else nil.
    ///
    /// Python: `find_user_password`.
    public func find(realm: String?, uri: String) -> Credentials? {
        guard let place = PasswordScope(uri) else { return nil }
        return entries.withLock { entries in
            let covering = entries.filter { $0.scope.covers(place) }
            let match = covering.first { $0.realm == realm } ?? covering.first { $0.realm == nil }
            return match?.credentials
        }
    }
}
