internal import MinatoLoop
internal import Synchronization

/// The nonces that an opener has learnt, so that later requests to the same places need no challenge of their own.
///
/// Threads and tasks share it: a nonce is never used twice with the same count. Counts can reach the server in another order
/// than they were given in, as requests do; a server that minds says that the nonce is stale.
final class DigestSessions: Sendable {
    /// How many are kept; then the oldest goes, and its server has to ask again.
    private static let capacity = 100
    /// How many URIs of a challenge's domain are looked at.
    private static let maximumDomain = 100

    /// What tells a session from others of a server, which may give the same nonce to many.
    struct Key: Hashable {
        let credentials: PasswordManager.Credentials
        let realm: String
        let nonce: String
    }

    private struct Entry: Sendable {
        let origin: Origin
        /// Where the session holds within the origin, or nil for everywhere.
        let scopes: [PasswordScope]?
        var session: DigestSession
    }

    private let entries = Guarded<[Entry]>([])
    /// Whether there has been one: of most openers there never is, and each request asks.
    private let hasBegun = Atomic(false)

    /// How often a nonce is used: its count has eight digits.
    private let mostUses: UInt32

    init(mostUses: UInt32 = .max) { self.mostUses = mostUses }

    /// Begins a session, in place of earlier ones of the same credentials and realm there.
    ///
    /// A server may give the same nonce to many. Then the count goes on, and so does the nonce of ours: the pair of both nonces
    /// may be what the server knows the session by.
    ///
    /// - Parameters:
    ///   - challenge: What the server asked for.
    ///   - credentials: What it is answered with.
    ///   - clientNonce: The nonce of ours to begin with.
    ///   - place: Who asked.
    ///   - side: A proxy's session holds for the whole proxy.
    /// - Returns: The session as the next request is to use it.
    func begin(
        _ challenge: DigestChallenge, _ credentials: PasswordManager.Credentials, clientNonce: String,
        at place: RequestURL, _ side: AuthenticationSide
    ) -> DigestSession {
        let scopes = side == .proxy ? nil : Self.scopes(of: challenge, at: place)
        hasBegun.store(true, ordering: .releasing)
        return entries.withLock { entries in
            let isReplaced = { (entry: Entry) in
                entry.origin == place.origin && entry.session.credentials == credentials
                    && entry.session.challenge.realm == challenge.realm
            }
            var session = DigestSession(challenge, credentials, clientNonce: clientNonce)
            if let old = entries.first(where: { isReplaced($0) && $0.session.nonce == challenge.nonce })?.session,
                old.count < mostUses
            {
                if old.challenge.nonce == old.nonce {
                    session = DigestSession(challenge, credentials, clientNonce: old.clientNonce)
                }
                session.count = old.count + 1
            }
            entries.removeAll(where: isReplaced)
            if entries.count == Self.capacity { entries.removeFirst() }
            entries.append(Entry(origin: place.origin, scopes: scopes, session: session))
            return session
        }
    }

    /// Whether there are none.
    var isEmpty: Bool { !hasBegun.load(ordering: .acquiring) || entries.withLock { $0.isEmpty } }

    /// The sessions that hold for a URL, newest first.
    func sessions(for place: RequestURL) -> [DigestSession] {
        let scope = PasswordScope(of: place)
        return entries.withLock { entries in
            entries.reversed()
                .filter { $0.origin == place.origin && $0.scopes?.contains { $0.covers(scope) } ?? true }
                .map(\.session)
        }
    }

    /// Counts one more use of a session.
    ///
    /// - Returns: The session as the next request is to use it, or nil when it is gone, or used up.
    func next(_ session: DigestSession, at place: RequestURL) -> DigestSession? {
        update(Key(session), at: place) { entry in
            guard entry.session.count < mostUses else { return false }
            entry.session.count += 1
            return true
        }
    }

    /// Goes over to the nonce that the server named for the next request, unless that has happened.
    func renew(_ key: Key, at place: RequestURL, to next: String) {
        _ = update(key, at: place) { entry in
            // The count begins anew, and the next use is the first.
            (entry.session.nonce, entry.session.count) = (next, 0)
            return true
        }
    }

    /// Forgets a session whose answer was refused.
    func forget(_ key: Key, at place: RequestURL) {
        entries.withLock { $0.removeAll { $0.origin == place.origin && Key($0.session) == key } }
    }

    /// Changes a session; when `body` says false it is forgotten.
    private func update(_ key: Key, at place: RequestURL, _ body: (inout Entry) -> Bool) -> DigestSession? {
        entries.withLock { entries in
            guard let index = entries.firstIndex(where: { $0.origin == place.origin && Key($0.session) == key })
            else { return nil }
            guard body(&entries[index]) else {
                entries.remove(at: index)
                return nil
            }
            return entries[index].session
        }
    }

    /// Where a challenge's domain says that it holds (RFC 7616 section 3.3).
    ///
    /// URIs of other servers do not count: one server does not decide what another one is sent.
    private static func scopes(of challenge: DigestChallenge, at place: RequestURL) -> [PasswordScope]? {
        guard !challenge.domain.isEmpty else { return nil }
        let base = URLSplit(place.target)
        return challenge.domain.prefix(maximumDomain).compactMap { uri in
            PasswordScope(URLSplit(uri).resolved(against: base).text)
        }
    }
}

extension DigestSessions.Key {
    init(_ session: DigestSession) {
        self.init(credentials: session.credentials, realm: session.challenge.realm, nonce: session.nonce)
    }

    /// Of an answer that was sent; nil for one of another kind.
    init?(_ sent: SentCredentials?) {
        guard let sent, case .digest(let realm, let nonce) = sent.scheme else { return nil }
        self.init(credentials: sent.credentials, realm: realm, nonce: nonce)
    }
}
