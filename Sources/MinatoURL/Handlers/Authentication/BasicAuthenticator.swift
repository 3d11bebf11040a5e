internal import MinatoLoop

/// Basic authentication of either side: what ``BasicAuthHandler`` and ``ProxyBasicAuthHandler`` do.
struct BasicAuthenticator: Sendable {
    let side: AuthenticationSide
    let passwords: PasswordManager
    /// What each proxy accepted last. A server's path matters, a proxy has none: so it needs no manager that remembers.
    private let accepted = Guarded<[Origin: PasswordManager.Credentials]>([:])

    init(_ side: AuthenticationSide, _ passwords: PasswordManager) {
        self.side = side
        self.passwords = passwords
    }

    /// Whether anything can have been accepted before.
    private var knowsAccepted: Bool {
        switch side {
        case .server: passwords.hasPriorAuthentication
        case .proxy: accepted.withLock { !$0.isEmpty }
        }
    }

    /// Sends before anybody asks what was accepted before.
    func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
        guard side == .server || request.hasProxy, knowsAccepted, request.field(side.answerField) == nil,
            let known = KnownCredentials(passwords, for: side, of: request, original: exchange.original)
        else { return }
        let credentials =
            switch side {
            case .server: passwords.authenticated(uri: known.place.text)
            case .proxy: accepted.withLock { $0[known.place.origin] }
            }
        guard let credentials, known.contains(credentials) else { return }
        try answer(&request, credentials, .unasked)
    }

    /// Answers a challenge.
    func examine(
        _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Verdict {
        guard side.asks(by: head) || exchange.request.sentCredentials(for: side) != nil,
            let known = KnownCredentials(passwords, for: side, of: exchange.request, original: exchange.original)
        else { return .accept }
        note(head, exchange.request, known.place)
        guard side.asks(by: head) else { return .accept }

        let offer = AuthenticationOffer(head, from: side)
        guard let (_, credentials) = known.first(of: offer.realms, realm: \.self) else {
            return offer.verdict(hasCredentials: !known.isEmpty)
        }
        try credentials.check(url: known.place.text)
        let history = AuthenticationHistory(exchange, for: side)
        guard !history.hasAnswered(with: credentials), !history.hasSent(credentials.basicAuthorization) else {
            return .accept
        }
        var request = exchange.request
        try answer(&request, credentials, .answer)
        return .retry(request, because: .authentication)
    }

    private func answer(
        _ request: inout URLOpener.Request, _ credentials: PasswordManager.Credentials,
        _ occasion: SentCredentials.Occasion
    ) throws(OpenError) {
        try credentials.check(url: request.url)
        try request.answer(
            side, credentials.basicAuthorization,
            SentCredentials(credentials: credentials, scheme: .basic, occasion: occasion))
    }

    /// Remembers whether the credentials of a request were accepted.
    private func note(_ head: URLOpener.ResponseHead, _ request: URLOpener.Request, _ place: RequestURL) {
        guard let sent = request.sentCredentials(for: side), sent.scheme == .basic else { return }
        switch side {
        case .server:
            // Other statuses say nothing of the credentials: a page can be missing for those whom the server knows.
            let isAccepted = 200...299 ~= head.status
            if isAccepted || side.asks(by: head) {
                passwords.note(sent.credentials, uri: place.text, isAccepted: isAccepted)
            }
        case .proxy:
            accepted.withLock { $0[place.origin] = side.asks(by: head) ? nil : sent.credentials }
        }
    }
}
