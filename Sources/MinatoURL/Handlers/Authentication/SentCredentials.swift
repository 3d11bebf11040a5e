/// What a handler of ours remembers of an Authorization field that it made.
///
/// It goes along with the request into the exchange, so that the handlers find out there what was tried, and keep nothing about
/// a single open themselves.
struct SentCredentials: Sendable {
    /// How they were sent.
    enum Scheme: Hashable, Sendable {
        case basic
        case digest(realm: String, nonce: String)
    }

    /// Why they were sent.
    enum Occasion: Sendable {
        /// Nobody asked in this open; an earlier one taught us.
        case unasked
        /// A challenge asked.
        case answer
        /// A challenge said that the answer was right and its nonce too old.
        case renewal
    }

    let credentials: PasswordManager.Credentials
    let scheme: Scheme
    let occasion: Occasion

    /// The nonce of Digest, or nil.
    var nonce: String? {
        if case .digest(_, let nonce) = scheme { nonce } else { nil }
    }
}

extension URLOpener.Request {
    /// What is remembered of the field that answers a side, or nil when there is none or the program made it.
    func sentCredentials(for side: AuthenticationSide) -> SentCredentials? {
        fields.first { $0.isNamed(side.answerField) }?.credentials
    }

    /// Sets the field that answers a side.
    mutating func answer(
        _ side: AuthenticationSide, _ value: String, _ sent: SentCredentials
    ) throws(OpenError) {
        removeField(side.answerField)
        try add(
            Field(
                name: side.answerField, value: value, isSensitive: true, isUnredirected: true, credentials: sent))
    }
}
