internal import CMinatoURL
internal import MinatoURL

/// A code with the number and the name that it has in C.
struct ErrorNumber: Sendable {
    let code: OpenError.Code
    let number: Int
    let name: StaticString

    private init(_ code: OpenError.Code, _ number: Int, _ name: StaticString) {
        self.code = code
        self.number = number
        self.name = name
    }

    /// What stands for a code that is not among them.
    static let other = ErrorNumber(.other, MINATO_URL_OTHER, "MINATO_URL_OTHER")

    /// All, in the order of the header.
    static let all = [
        ErrorNumber(.badArgument, MINATO_URL_BAD_ARGUMENT, "MINATO_URL_BAD_ARGUMENT"),
        ErrorNumber(.badHandle, MINATO_URL_BAD_HANDLE, "MINATO_URL_BAD_HANDLE"),
        ErrorNumber(.notOpen, MINATO_URL_NOT_OPEN, "MINATO_URL_NOT_OPEN"),
        ErrorNumber(.noHeader, MINATO_URL_NO_HEADER, "MINATO_URL_NO_HEADER"),
        ErrorNumber(.busy, MINATO_URL_BUSY, "MINATO_URL_BUSY"),
        ErrorNumber(.cancelled, MINATO_URL_CANCELLED, "MINATO_URL_CANCELLED"),
        ErrorNumber(.badURL, MINATO_URL_BAD_URL, "MINATO_URL_BAD_URL"),
        ErrorNumber(.badRequest, MINATO_URL_BAD_REQUEST, "MINATO_URL_BAD_REQUEST"),
        ErrorNumber(.unsupportedScheme, MINATO_URL_UNSUPPORTED_SCHEME, "MINATO_URL_UNSUPPORTED_SCHEME"),
        ErrorNumber(.badCredentials, MINATO_URL_BAD_CREDENTIALS, "MINATO_URL_BAD_CREDENTIALS"),
        ErrorNumber(.badProxy, MINATO_URL_BAD_PROXY, "MINATO_URL_BAD_PROXY"),
        ErrorNumber(.nameNotFound, MINATO_URL_NAME_NOT_FOUND, "MINATO_URL_NAME_NOT_FOUND"),
        ErrorNumber(.connectionRefused, MINATO_URL_CONNECTION_REFUSED, "MINATO_URL_CONNECTION_REFUSED"),
        ErrorNumber(.connectionFailed, MINATO_URL_CONNECTION_FAILED, "MINATO_URL_CONNECTION_FAILED"),
        ErrorNumber(.addressRefused, MINATO_URL_ADDRESS_REFUSED, "MINATO_URL_ADDRESS_REFUSED"),
        ErrorNumber(.sourceUnavailable, MINATO_URL_SOURCE_UNAVAILABLE, "MINATO_URL_SOURCE_UNAVAILABLE"),
        ErrorNumber(.connectionReset, MINATO_URL_CONNECTION_RESET, "MINATO_URL_CONNECTION_RESET"),
        ErrorNumber(.timedOut, MINATO_URL_TIMED_OUT, "MINATO_URL_TIMED_OUT"),
        ErrorNumber(.deadlineExceeded, MINATO_URL_DEADLINE_EXCEEDED, "MINATO_URL_DEADLINE_EXCEEDED"),
        ErrorNumber(.tooSlow, MINATO_URL_TOO_SLOW, "MINATO_URL_TOO_SLOW"),
        ErrorNumber(.proxyRefused, MINATO_URL_PROXY_REFUSED, "MINATO_URL_PROXY_REFUSED"),
        ErrorNumber(.tlsHandshakeFailed, MINATO_URL_TLS_HANDSHAKE_FAILED, "MINATO_URL_TLS_HANDSHAKE_FAILED"),
        ErrorNumber(.tlsTooOld, MINATO_URL_TLS_TOO_OLD, "MINATO_URL_TLS_TOO_OLD"),
        ErrorNumber(.tlsWrongName, MINATO_URL_TLS_WRONG_NAME, "MINATO_URL_TLS_WRONG_NAME"),
        ErrorNumber(.tlsExpired, MINATO_URL_TLS_EXPIRED, "MINATO_URL_TLS_EXPIRED"),
        ErrorNumber(.tlsUnknownIssuer, MINATO_URL_TLS_UNKNOWN_ISSUER, "MINATO_URL_TLS_UNKNOWN_ISSUER"),
        ErrorNumber(.tlsPeerNotVerified, MINATO_URL_TLS_PEER_NOT_VERIFIED, "MINATO_URL_TLS_PEER_NOT_VERIFIED"),
        ErrorNumber(.tlsPinMismatch, MINATO_URL_TLS_PIN_MISMATCH, "MINATO_URL_TLS_PIN_MISMATCH"),
        ErrorNumber(
            .tlsCertificateRequired, MINATO_URL_TLS_CERTIFICATE_REQUIRED, "MINATO_URL_TLS_CERTIFICATE_REQUIRED"),
        ErrorNumber(.tlsConfiguration, MINATO_URL_TLS_CONFIGURATION, "MINATO_URL_TLS_CONFIGURATION"),
        ErrorNumber(.httpStatus, MINATO_URL_HTTP_STATUS, "MINATO_URL_HTTP_STATUS"),
        ErrorNumber(.emptyReply, MINATO_URL_EMPTY_REPLY, "MINATO_URL_EMPTY_REPLY"),
        ErrorNumber(.badStatusLine, MINATO_URL_BAD_STATUS_LINE, "MINATO_URL_BAD_STATUS_LINE"),
        ErrorNumber(.badHeader, MINATO_URL_BAD_HEADER, "MINATO_URL_BAD_HEADER"),
        ErrorNumber(.ambiguousLength, MINATO_URL_AMBIGUOUS_LENGTH, "MINATO_URL_AMBIGUOUS_LENGTH"),
        ErrorNumber(.headersTooLarge, MINATO_URL_HEADERS_TOO_LARGE, "MINATO_URL_HEADERS_TOO_LARGE"),
        ErrorNumber(.unexpectedUpgrade, MINATO_URL_UNEXPECTED_UPGRADE, "MINATO_URL_UNEXPECTED_UPGRADE"),
        ErrorNumber(.truncated, MINATO_URL_TRUNCATED, "MINATO_URL_TRUNCATED"),
        ErrorNumber(.badChunk, MINATO_URL_BAD_CHUNK, "MINATO_URL_BAD_CHUNK"),
        ErrorNumber(.badEncoding, MINATO_URL_BAD_ENCODING, "MINATO_URL_BAD_ENCODING"),
        ErrorNumber(.decodedTooLarge, MINATO_URL_DECODED_TOO_LARGE, "MINATO_URL_DECODED_TOO_LARGE"),
        ErrorNumber(.badRange, MINATO_URL_BAD_RANGE, "MINATO_URL_BAD_RANGE"),
        ErrorNumber(.http2Failed, MINATO_URL_HTTP2_FAILED, "MINATO_URL_HTTP2_FAILED"),
        ErrorNumber(.loginDenied, MINATO_URL_LOGIN_DENIED, "MINATO_URL_LOGIN_DENIED"),
        ErrorNumber(.fileUnavailable, MINATO_URL_FILE_UNAVAILABLE, "MINATO_URL_FILE_UNAVAILABLE"),
        ErrorNumber(.ftpFailed, MINATO_URL_FTP_FAILED, "MINATO_URL_FTP_FAILED"),
        ErrorNumber(.badChallenge, MINATO_URL_BAD_CHALLENGE, "MINATO_URL_BAD_CHALLENGE"),
        ErrorNumber(.unsupportedChallenge, MINATO_URL_UNSUPPORTED_CHALLENGE, "MINATO_URL_UNSUPPORTED_CHALLENGE"),
        ErrorNumber(.tooManyRedirects, MINATO_URL_TOO_MANY_REDIRECTS, "MINATO_URL_TOO_MANY_REDIRECTS"),
        ErrorNumber(.tooManyRetries, MINATO_URL_TOO_MANY_RETRIES, "MINATO_URL_TOO_MANY_RETRIES"),
        ErrorNumber(.insecureRedirect, MINATO_URL_INSECURE_REDIRECT, "MINATO_URL_INSECURE_REDIRECT"),
        ErrorNumber(.limitExceeded, MINATO_URL_LIMIT_EXCEEDED, "MINATO_URL_LIMIT_EXCEEDED"),
        ErrorNumber(.bodyFailed, MINATO_URL_BODY_FAILED, "MINATO_URL_BODY_FAILED"),
        ErrorNumber(.notRestartable, MINATO_URL_NOT_RESTARTABLE, "MINATO_URL_NOT_RESTARTABLE"),
        ErrorNumber(.fileFailed, MINATO_URL_FILE_FAILED, "MINATO_URL_FILE_FAILED"),
        ErrorNumber(.closed, MINATO_URL_CLOSED, "MINATO_URL_CLOSED"),
        ErrorNumber(.forked, MINATO_URL_FORKED, "MINATO_URL_FORKED"),
        ErrorNumber(.transport, MINATO_URL_TRANSPORT, "MINATO_URL_TRANSPORT"),
        other,
    ]
}
