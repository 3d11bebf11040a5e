internal import CLibcurl

// What went wrong with TLS.
extension CurlFailure {
    /// X509_V_ERR_ and so on of OpenSSL's x509_vfy.h.
    private enum VerifyResult {
        /// Nothing to object to, or nothing said: with this libcurl begins.
        static let okay = [0, 1]
        static let notYetValid = 9
        static let hasExpired = 10
        /// No issuer's certificate, and the ways in which a chain ends with itself.
        static let unknownIssuer = [2, 18, 19, 20, 21, 27]
    }

    /// Why the certificate was not accepted.
    static func verificationCode(_ verifyResult: Int) -> OpenError.Code {
        switch verifyResult {
        // OpenSSL had no objection: then it is libcurl, which compares the names.
        case let result where VerifyResult.okay.contains(result): .tlsWrongName
        case VerifyResult.notYetValid, VerifyResult.hasExpired: .tlsExpired
        case let result where VerifyResult.unknownIssuer.contains(result): .tlsUnknownIssuer
        default: .tlsPeerNotVerified
        }
    }

    /// Why a handshake failed. OpenSSL's reasons are in its text only.
    static func handshakeCode(_ message: String) -> OpenError.Code {
        // "unsupported protocol": the server's version is too old for us; the alert: ours is not one of the server's.
        let isTooOld = message.contains("unsupported protocol") || message.contains("alert protocol version")
        return isTooOld ? .tlsTooOld : alertCode(message) ?? .tlsHandshakeFailed
    }

    /// What an alert of the server means, which with TLS 1.3 comes after the handshake.
    static func alertCode(_ message: String) -> OpenError.Code? {
        message.contains("alert certificate required") ? .tlsCertificateRequired : nil
    }
}
