internal import CLibcurl

extension CurlOptions {
    /// Whom to trust, and who we are.
    mutating func setTLS(_ tls: URLOpener.TLS, for request: URLOpener.Request) throws(OpenError) {
        set(CURLOPT_SSL_VERIFYPEER, request.skipsPeerVerification ? 0 : 1)
        set(CURLOPT_SSL_VERIFYHOST, request.skipsPeerVerification ? 0 : 2)
        switch tls.minimumVersion {
        case .tls12: set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        case .tls13: set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_3))
        }
        switch tls.trust {
        case .system: break
        case .file(let path):
            set(CURLOPT_CAINFO, try Self.checked(path, request))
            unset(CURLOPT_CAPATH)
        case .pem(let text):
            setBlob(CURLOPT_CAINFO_BLOB, Array(try Self.checked(text, request).utf8))
            unset(CURLOPT_CAPATH)
        }
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
