/// What one open has sent so far to the URL that is being examined, to one side that asks for more.
struct AuthenticationHistory {
    private let requests: [URLOpener.Request]
    private let side: AuthenticationSide

    init(_ exchange: URLOpener.Exchange, for side: AuthenticationSide) {
        self.side = side
        // What was answered otherwise, by a redirect, was no refusal.
        let asked = exchange.hops.filter { side.asks(by: $0.head) }.map(\.request)
        requests = (asked + [exchange.request]).filter { request in
            request.location.target == exchange.request.location.target && request.proxy == exchange.request.proxy
        }
    }

    /// Whether a challenge was answered with these credentials, by whatever scheme.
    func hasAnswered(with credentials: PasswordManager.Credentials) -> Bool {
        sent(credentials).contains { $0.occasion != .unasked }
    }

    /// Whether a stale nonce was replaced already for these credentials.
    func hasRenewed(_ credentials: PasswordManager.Credentials) -> Bool {
        sent(credentials).contains { $0.occasion == .renewal }
    }

    /// Whether this very value was sent, by us or by the program.
    func hasSent(_ value: String) -> Bool {
        requests.contains { $0.field(side.answerField) == value }
    }

    private func sent(_ credentials: PasswordManager.Credentials) -> [SentCredentials] {
        requests.compactMap { $0.sentCredentials(for: side) }.filter { $0.credentials == credentials }
    }
}
