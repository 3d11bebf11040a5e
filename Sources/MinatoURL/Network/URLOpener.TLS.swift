extension URLOpener {
    /// Whom an opener trusts, and how it shows who it is, over https.
    ///
    /// ```swift
    /// var configuration = URLOpener.Configuration()
    /// configuration.tls.trust = .file("/etc/company/ca.pem")
    /// configuration.tls.clientCertificate = .init(certificate: "/etc/me/cert.pem", key: "/etc/me/key.pem")
    /// ```
    ///
    /// It holds for the opener as a whole: connections and TLS sessions are never shared with an opener that has other
    /// settings. Files are read for each connection; one that cannot be used makes opens fail (`tlsConfiguration`).
    ///
    /// ``trust`` and ``minimumVersion`` hold for proxies that TLS is spoken to (``Proxy/Scheme/https``), too. The others do not: a
    /// proxy is not shown the client certificate, and its key is not one of those that are pinned.
    ///
    /// What a certificate is refused for has a code of its own: `tlsWrongName`, `tlsExpired`, `tlsUnknownIssuer`,
    /// `tlsPinMismatch`, and `tlsTooOld` where the server knows no version that is new enough.
    ///
    /// Python: `ssl.create_default_context`, given as `context`.
    public struct TLS: Sendable {
        /// Whose certificates are accepted. Default: ``Trust/system``. Python: `SSLContext.load_verify_locations`.
        public var trust = Trust.system

        /// What the server is shown when it asks who is there. Default: nil, nothing. Python: `SSLContext.load_cert_chain`.
        public var clientCertificate: ClientCertificate?

        /// The oldest version to speak. Default: ``Version/tls12``. Python: `SSLContext.minimum_version`.
        public var minimumVersion = Version.tls12

        /// The public keys of which the server has to have one, beside a certificate that is accepted: each the base64 of the
        /// SHA-256 of the key's SubjectPublicKeyInfo, as in RFC 7469. Default: none, any key will do.
        ///
        /// A redirect to a server with another key fails, too (`tlsPinMismatch`). A text that is no such base64 makes opens
        /// fail (`badRequest`).
        public var pinnedKeys: [String] = []

        /// The defaults.
        public init() {}
    }
}

extension URLOpener.TLS {
    /// Whose certificates are accepted.
    public enum Trust: Hashable, Sendable {
        /// Those of the certificate authorities that the system trusts: in Debian, the package ca-certificates.
        case system

        /// Those of the authorities in a file of PEM certificates, and nobody else's.
        case file(String)

        /// Those of the authorities in PEM text, and nobody else's.
        case pem(String)
    }

    /// The versions of TLS that are worth speaking. Those before (SSL 3, TLS 1.0 and 1.1) never are.
    public enum Version: Hashable, Sendable {
        /// RFC 5246.
        case tls12
        /// RFC 8446.
        case tls13
    }

    /// A certificate of the program's own, with its key.
    ///
    /// Printing or dumping one does not show the password.
    public struct ClientCertificate: Hashable, Sendable {
        /// The file of the certificate, PEM, with those of its issuers after it.
        public var certificate: String

        /// The file of the private key, PEM.
        public var key: String

        /// The password of the key, or nil.
        public var password: String?

        /// Makes one from files; they are not looked at.
        ///
        /// - Parameters:
        ///   - certificate: The file of the certificate.
        ///   - key: The file of its key.
        ///   - password: The password of the key. Default: nil, it has none.
        ///
        /// Python: `SSLContext.load_cert_chain`.
        public init(certificate: String, key: String, password: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.password = password
        }
    }
}

extension URLOpener.TLS.ClientCertificate: CustomStringConvertible, CustomReflectable {
    /// The file of the certificate.
    public var description: String { "certificate \(certificate)" }

    /// The two files.
    public var customMirror: Mirror { Mirror(self, children: ["certificate": certificate, "key": key]) }
}
