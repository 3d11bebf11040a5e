internal import HTTPTypes

/// Digest authentication of either side: what ``DigestAuthHandler`` and ``ProxyDigestAuthHandler`` do.
struct DigestAuthenticator: Sendable {
    let side: AuthenticationSide
    let passwords: PasswordManager
    private let sessions: DigestSessions
    private let makeClientNonce: @Sendable () -> String

    /// Makes one that knows no nonce yet.
    ///
    /// - Parameters:
    ///   - side: Who asks.
    ///   - passwords: Where the passwords come from.
    ///   - mostUses: How often a nonce is used: as often as its count has numbers, but for tests.
    ///   - makeClientNonce: Where the nonces of ours come from: the system's random generator, but for tests.
    init(
        _ side: AuthenticationSide, _ passwords: PasswordManager, mostUses: UInt32 = .max,
        makeClientNonce: @escaping @Sendable () -> String = Self.randomNonce
    ) {
        self.side = side
        self.passwords = passwords
        sessions = DigestSessions(mostUses: mostUses)
        self.makeClientNonce = makeClientNonce
    }

    /// Answers before anybody asks, where a nonce is known.
    func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
        // Nearly every request: nothing is known, and nothing was sent.
        guard side == .server || request.hasProxy, !sessions.isEmpty || request.sentCredentials(for: side) != nil,
            let known = KnownCredentials(passwords, for: side, of: request, original: exchange.original)
        else { return }
        removeUsedAnswer(&request, in: exchange)
        guard request.field(side.answerField) == nil else { return }
        for session in sessions.sessions(for: known.place) {
            guard known[session.challenge.realm] == session.credentials,
                let next = sessions.next(session, at: known.place)
            else { continue }
            return try answer(&request, next, .unasked)
        }
    }

    /// Answers a challenge.
    func examine(
        _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Verdict {
        guard side.asks(by: head) || exchange.request.sentCredentials(for: side) != nil,
            let known = KnownCredentials(passwords, for: side, of: exchange.request, original: exchange.original)
        else { return .accept }
        guard side.asks(by: head) else {
            noteNextNonce(head, exchange.request, known.place)
            return .accept
        }
        let offer = AuthenticationOffer(head, from: side)
        let verdict = try verdict(offer, known, exchange)
        forgetRefused(exchange.request, known.place, offer, verdict)
        return verdict
    }

    private func verdict(
        _ offer: AuthenticationOffer, _ known: KnownCredentials, _ exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Verdict {
        guard let (challenge, credentials) = known.first(of: offer.digests, realm: \.realm) else {
            return offer.verdict(hasCredentials: !known.isEmpty)
        }
        guard let occasion = occasion(for: challenge, credentials, in: exchange) else { return .accept }
        try credentials.check(url: known.place.text)
        let session = sessions.begin(
            challenge, credentials, clientNonce: makeClientNonce(), at: known.place, side)
        var request = exchange.request
        try answer(&request, session, occasion)
        return .retry(request, because: .authentication)
    }

    /// Why these credentials may be sent now, or nil when they were refused before.
    ///
    /// An answer that was sent unasked is no refusal: its nonce is from an earlier open, and a server that has forgotten it
    /// does not always say so.
    private func occasion(
        for challenge: DigestChallenge, _ credentials: PasswordManager.Credentials, in exchange: URLOpener.Exchange
    ) -> SentCredentials.Occasion? {
        let history = AuthenticationHistory(exchange, for: side)
        guard history.hasAnswered(with: credentials) else { return .answer }
        guard challenge.isStale, !history.hasRenewed(credentials),
            let sent = exchange.request.sentCredentials(for: side), sent.credentials == credentials,
            let nonce = sent.nonce, nonce != challenge.nonce
        else { return nil }
        return .renewal
    }

    private func answer(
        _ request: inout URLOpener.Request, _ session: DigestSession, _ occasion: SentCredentials.Occasion
    ) throws(OpenError) {
        let value = session.authorization(method: side.method(of: request), target: side.target(of: request))
        let sent = SentCredentials(
            credentials: session.credentials, scheme: .digest(realm: session.challenge.realm, nonce: session.nonce),
            occasion: occasion)
        try request.answer(side, value, sent)
    }

    /// Takes out an answer of ours that the request before carried: a server takes its count once.
    private func removeUsedAnswer(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) {
        guard request.sentCredentials(for: side)?.nonce != nil,
            exchange.hops.last?.request.field(side.answerField) == request.field(side.answerField)
        else { return }
        request.removeField(side.answerField)
    }

    /// Takes the nonce for the next request from a response (RFC 7616 section 3.5).
    ///
    /// A field that cannot be read names none: nobody has to send it. Nor does one whose nonce no request could carry.
    private func noteNextNonce(_ head: URLOpener.ResponseHead, _ request: URLOpener.Request, _ place: RequestURL) {
        guard side.speaks(by: head), let key = DigestSessions.Key(request.sentCredentials(for: side)),
            let field = head.fields[fields: side.informationField].first,
            let next = HTTPList.pairs(HTTPList.elements(field.value))?["nextnonce"],
            !next.isEmpty, DigestChallenge.canBeSentBack(next)
        else { return }
        sessions.renew(key, at: place, to: next)
    }

    /// Forgets the session of an answer that was refused, unless the next one goes on with it, or the challenge is for another
    /// realm, about which the answer says nothing.
    private func forgetRefused(
        _ request: URLOpener.Request, _ place: RequestURL, _ offer: AuthenticationOffer, _ verdict: URLOpener.Verdict
    ) {
        guard let key = DigestSessions.Key(request.sentCredentials(for: side)),
            offer.digests.isEmpty || offer.digests.contains(where: { $0.realm == key.realm })
        else { return }
        if case .retry(let next, _) = verdict, next.sentCredentials(for: side)?.nonce == key.nonce { return }
        sessions.forget(key, at: place)
    }

    /// 128 bits of the system's random generator.
    private static func randomNonce() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }
}
