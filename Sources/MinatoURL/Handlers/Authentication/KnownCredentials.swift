/// The credentials that may go along with one request, to one side.
struct KnownCredentials {
    /// Who would get them.
    let place: RequestURL
    private let passwords: PasswordManager
    private let inURL: PasswordManager.Credentials?

    /// Fails when the request does not pass by that side.
    ///
    /// - Parameters:
    ///   - passwords: The manager.
    ///   - side: Who would get them.
    ///   - request: The request that would carry them.
    ///   - original: The request as the program made it.
    init?(
        _ passwords: PasswordManager, for side: AuthenticationSide, of request: URLOpener.Request,
        original: URLOpener.Request
    ) {
        guard let place = side.place(of: request) else { return nil }
        self.place = place
        self.passwords = passwords
        inURL = side.credentialsInURL(of: request, original: original)
    }

    /// Whether there are any, for whatever realm.
    var isEmpty: Bool { inURL == nil && !passwords.covers(uri: place.text) }

    /// What the manager has for a realm, else what the URL says.
    subscript(realm: String) -> PasswordManager.Credentials? {
        passwords.find(realm: realm, uri: place.text) ?? inURL
    }

    /// The first challenge whose realm the manager has an entry for; else the first one, with what the URL says.
    func first<Offered>(
        of offered: [Offered], realm: (Offered) -> String
    ) -> (Offered, PasswordManager.Credentials)? {
        for challenge in offered {
            if let found = passwords.find(realm: realm(challenge), uri: place.text) { return (challenge, found) }
        }
        guard let challenge = offered.first, let inURL else { return nil }
        return (challenge, inURL)
    }

    /// Whether these are among them still.
    func contains(_ credentials: PasswordManager.Credentials) -> Bool {
        inURL == credentials || passwords.covers(uri: place.text, with: credentials)
    }
}
