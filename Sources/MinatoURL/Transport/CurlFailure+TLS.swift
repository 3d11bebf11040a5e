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

    /// Whether a code is about the other side of a handshake: then it has to be said who that was.
    static func isOfPeer(_ code: OpenError.Code) -> Bool {
        switch code {
        case .tlsHandshakeFailed, .tlsTooOld, .tlsWrongName, .tlsExpired, .tlsUnknownIssuer, .tlsPeerNotVerified,
            .tlsCertificateRequired:
            true
        default: false
        }
    }
}

/// The alert by which our side ended a handshake, as libcurl reports it with CURLOPT_VERBOSE.
///
/// With TLS within TLS it alone tells why: it goes out through the outer layer, and before each write there libcurl 7.88 empties
/// OpenSSL's queue of errors, in which the reason is.
struct TLSAlert {
    /// As OpenSSL calls it.
    let name: String
    let code: OpenError.Code

    /// Reads a report, `TLSv1.3 (OUT), TLS alert, unknown CA (560):`; fails for any other one, and for alerts that are no reason.
    init?(report: [UInt8]) {
        let mark = " (OUT), TLS alert, ".utf8
        guard let start = report.firstRange(of: mark)?.upperBound, let end = report.lastIndex(of: UInt8(ascii: "(")),
            start < end,
            let number = Int(
                String(decoding: report[(end + 1)...].prefix { (0x30...0x39).contains($0) }, as: UTF8.self))
        else { return nil }
        // The level is in the higher byte (RFC 8446 section 6).
        switch number & 0xFF {
        case 45: code = .tlsExpired
        case 48: code = .tlsUnknownIssuer
        case 42, 43, 44, 46: code = .tlsPeerNotVerified
        case 70: code = .tlsTooOld
        default: return nil
        }
        name = String(decoding: HTTPSyntax.trimmed(report[start..<end]), as: UTF8.self)
    }
}

extension CurlEasy {
    /// What an alert means that ended the transfer, or nil.
    var alertCode: OpenError.Code? { CurlFailure.alertCode(unsafe String(cString: message)) }
}
