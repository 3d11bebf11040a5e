internal import CLibcurl

extension CurlOptions {
    /// The options that say whom to trust, which libcurl has twice.
    private struct TrustOptions {
        let verifiesPeer: CURLoption
        let verifiesHost: CURLoption
        let version: CURLoption
        let file: CURLoption
        let text: CURLoption
        let folder: CURLoption

        static let ofServer = TrustOptions(
            verifiesPeer: CURLOPT_SSL_VERIFYPEER, verifiesHost: CURLOPT_SSL_VERIFYHOST, version: CURLOPT_SSLVERSION,
            file: CURLOPT_CAINFO, text: CURLOPT_CAINFO_BLOB, folder: CURLOPT_CAPATH)
        static let ofProxy = TrustOptions(
            verifiesPeer: CURLOPT_PROXY_SSL_VERIFYPEER, verifiesHost: CURLOPT_PROXY_SSL_VERIFYHOST,
            version: CURLOPT_PROXY_SSLVERSION, file: CURLOPT_PROXY_CAINFO, text: CURLOPT_PROXY_CAINFO_BLOB,
            folder: CURLOPT_PROXY_CAPATH)
    }

    /// Whom to trust, and who we are.
    ///
    /// A proxy is verified always: it is told passwords, and what is not encrypted itself. It is not shown who we are, and its
    /// keys are not those that are pinned.
    mutating func setTLS(_ tls: URLOpener.TLS, for request: URLOpener.Request) throws(OpenError) {
        try setTrust(tls, .ofServer, verifies: !request.skipsPeerVerification, request)
        if request.proxy?.scheme == .https { try setTrust(tls, .ofProxy, verifies: true, request) }
        if let client = tls.clientCertificate {
            set(CURLOPT_SSLCERT, try Self.checked(client.certificate, request))
            set(CURLOPT_SSLKEY, try Self.checked(client.key, request))
            if let password = client.password { set(CURLOPT_KEYPASSWD, try Self.checked(password, request)) }
        }
        guard !tls.pinnedKeys.isEmpty else { return }
        for key in tls.pinnedKeys where !Self.isHash(key) {
            throw request.refusal("a pinned key is not the base64 of a SHA-256")
        }
        set(CURLOPT_PINNEDPUBLICKEY, tls.pinnedKeys.map { "sha256//" + $0 }.joined(separator: ";"))
    }

    private mutating func setTrust(
        _ tls: URLOpener.TLS, _ options: TrustOptions, verifies: Bool, _ request: URLOpener.Request
    ) throws(OpenError) {
        set(options.verifiesPeer, verifies ? 1 : 0)
        set(options.verifiesHost, verifies ? 2 : 0)
        switch tls.minimumVersion {
        case .tls12: set(options.version, Int(CURL_SSLVERSION_TLSv1_2))
        case .tls13: set(options.version, Int(CURL_SSLVERSION_TLSv1_3))
        }
        switch tls.trust {
        case .system: break
        case .file(let path):
            set(options.file, try Self.checked(path, request))
            unset(options.folder)
        case .pem(let text):
            setBlob(options.text, Array(try Self.checked(text, request).utf8))
            unset(options.folder)
        }
    }

    /// Whether a text is the base64 of 32 bytes.
    private static func isHash(_ text: String) -> Bool {
        text.utf8.count == 44 && text.utf8.last == UInt8(ascii: "=")
            && text.utf8.dropLast().allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                    true
                default: false
                }
            }
    }

    /// A text of the configuration, without NUL.
    private static func checked(_ text: String, _ request: URLOpener.Request) throws(OpenError) -> String {
        guard !text.isEmpty, !text.utf8.contains(0) else {
            throw request.refusal("an empty text, or one with a NUL, in the configuration of TLS")
        }
        return text
    }
}
