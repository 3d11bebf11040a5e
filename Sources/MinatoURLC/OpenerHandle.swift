internal import MinatoLoop
internal import MinatoURL

/// What a `minato_url_opener` stands for: settings, and the opener that has them.
final class OpenerHandle: Sendable {
    private struct State {
        var trust = URLOpener.TLS.Trust.system
        /// Nil is for those of the environment.
        var proxies: ProxyPolicy?
        var followsRedirects = true
        /// Made when it is needed, and anew after each change.
        var opener: URLOpener?
    }

    /// The one of all who name none.
    static let shared = OpenerHandle()

    private let passwords = PasswordManager()
    private let state = Guarded(State())

    /// The opener with the settings of this moment.
    var opener: URLOpener {
        state.withLock { state in
            if let opener = state.opener { return opener }
            let opener = make(state)
            state.opener = opener
            return opener
        }
    }

    private func make(_ state: State) -> URLOpener {
        var configuration = URLOpener.Configuration()
        configuration.tls.trust = state.trust
        let redirects: any OpenerHandler = state.followsRedirects ? RedirectHandler() : UnfollowedRedirects()
        return URLOpener(
            ProxyHandler(state.proxies ?? .environment), redirects, BasicAuthHandler(passwords),
            DigestAuthHandler(passwords), configuration: configuration)
    }

    private func change(_ body: (inout State) -> Void) {
        // Its connections are closed when it goes: outside the lock.
        let old = state.withLock { state in
            body(&state)
            defer { state.opener = nil }
            return state.opener
        }
        _ = old
    }

    func setTrust(_ path: String) { change { $0.trust = path.isEmpty ? .system : .file(path) } }

    func setRedirects(_ follow: Bool) { change { $0.followsRedirects = follow } }

    func setProxy(_ text: String) throws(Failure) {
        let policy: ProxyPolicy
        do throws(OpenError) {
            policy = text.isEmpty ? .none : .fixed(try Proxy(text))
        } catch {
            throw Failure(setting: error)
        }
        change { $0.proxies = policy }
    }

    func addCredentials(realm: String?, uri: String, user: String, password: String) throws(Failure) {
        // A place that covers nothing, and what cannot be sent, would show late or never.
        guard PasswordManager.isPlace(uri) else { throw Failure(.badURL, "no place for credentials") }
        do throws(OpenError) {
            try PasswordManager.Credentials(user: user, password: password).check(url: uri)
        } catch {
            throw Failure(setting: error)
        }
        passwords.add(realm: realm, uri: uri, user: user, password: password)
    }
}

/// Takes the place of the handler that follows redirects.
private struct UnfollowedRedirects: OpenerHandler {
    var kind: URLOpener.HandlerKind? { .redirect }
}
