extension OpenError {
    /// What went wrong, as a value that a program compares.
    ///
    /// A structure and not an enumeration, so that later versions and handlers can add codes. Two codes are equal when
    /// their names are.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The name, as it is printed.
        public let rawValue: String

        /// Makes a code from its name.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }
    }
}

// The request, before anything is sent.
extension OpenError.Code {
    /// The URL, or the target of a redirect, cannot be parsed, or has a space, a control or a host that is not ASCII.
    public static let badURL = Self(rawValue: "badURL")

    /// A method, a field name, a field value or another part of the request is not what HTTP allows, or is the library's
    /// own business (`Content-Length`).
    public static let badRequest = Self(rawValue: "badRequest")

    /// No handler answers the scheme; or a redirect leads to another one than http and https, or such a URL was given where only
    /// these make sense.
    ///
    /// Found when the request is opened, not when it is made. Nothing is sent. Python: `unknown_open`.
    public static let unsupportedScheme = Self(rawValue: "unsupportedScheme")

    /// A user name or password cannot be sent: a colon in the user name, or a control. It is found in the URL, or when a
    /// challenge is answered.
    public static let badCredentials = Self(rawValue: "badCredentials")
}

// The way to the server.
extension OpenError.Code {
    /// The host name has no address, or no name server answered.
    public static let nameNotFound = Self(rawValue: "nameNotFound")

    /// Nobody listens at the address (ECONNREFUSED).
    public static let connectionRefused = Self(rawValue: "connectionRefused")

    /// Connecting failed in another way (no route, no local port); `systemCode` tells.
    public static let connectionFailed = Self(rawValue: "connectionFailed")

    /// No address of the host may be connected to: the address policy, or the version of IP, says so.
    public static let addressRefused = Self(rawValue: "addressRefused")

    /// The address or interface to connect from is not there, or not to be used.
    public static let sourceUnavailable = Self(rawValue: "sourceUnavailable")

    /// The server reset the connection, in the request, before the response or in its body.
    public static let connectionReset = Self(rawValue: "connectionReset")

    /// Nothing moved for as long as the timeout; `operation` tells connecting, waiting for the head and reading apart.
    public static let timedOut = Self(rawValue: "timedOut")

    /// The deadline for everything has passed; `operation` tells what was being done.
    public static let deadlineExceeded = Self(rawValue: "deadlineExceeded")

    /// Less moved than the minimum rate asks for, and for too long.
    public static let tooSlow = Self(rawValue: "tooSlow")

    /// The TLS handshake failed: no common cipher, or the peer does not speak TLS.
    public static let tlsHandshakeFailed = Self(rawValue: "tlsHandshakeFailed")

    /// Server or proxy and program have no version of TLS in common: the other side knows old ones only.
    public static let tlsTooOld = Self(rawValue: "tlsTooOld")

    /// The certificate of the server, or of a proxy over TLS, is for another name.
    public static let tlsWrongName = Self(rawValue: "tlsWrongName")

    /// The certificate of the server, or of a proxy over TLS, has expired, or is not valid yet.
    public static let tlsExpired = Self(rawValue: "tlsExpired")

    /// Nobody who is trusted has issued the certificate of the server, or of a proxy over TLS.
    public static let tlsUnknownIssuer = Self(rawValue: "tlsUnknownIssuer")

    /// The certificate of the server, or of a proxy over TLS, was not accepted for another reason.
    public static let tlsPeerNotVerified = Self(rawValue: "tlsPeerNotVerified")

    /// The server's key is none of those that are pinned.
    public static let tlsPinMismatch = Self(rawValue: "tlsPinMismatch")

    /// The server wants a certificate of the program, which shows none; or a proxy does, which is shown none ever.
    public static let tlsCertificateRequired = Self(rawValue: "tlsCertificateRequired")

    /// A file of the opener's TLS configuration cannot be used.
    public static let tlsConfiguration = Self(rawValue: "tlsConfiguration")
}

// The response.
extension OpenError.Code {
    /// The status is outside 200-299, and no handler dealt with it.
    ///
    /// The response is in the error.
    public static let httpStatus = Self(rawValue: "httpStatus")

    /// The connection was closed before one line of a response came, or a server of HTTP/2 refused the request.
    ///
    /// Not thrown at once for a request that may be repeated, when the connection was used before or the server refused: see
    /// ``URLOpener/Retries``.
    public static let emptyReply = Self(rawValue: "emptyReply")

    /// The response does not begin with a status line of HTTP/1.0, 1.1 or 2, or its status is outside 100-599.
    public static let badStatusLine = Self(rawValue: "badStatusLine")

    /// A line of the head is malformed: no colon, a space before it, a control, a bare CR, a Content-Length that is no
    /// number.
    public static let badHeader = Self(rawValue: "badHeader")

    /// Two Content-Length that differ (RFC 9112 section 6.3).
    public static let ambiguousLength = Self(rawValue: "ambiguousLength")

    /// The head has more than 100 lines, more than 300 KiB, or more than 10 informational responses before it.
    public static let headersTooLarge = Self(rawValue: "headersTooLarge")

    /// The server switched protocols (101) though it was not asked to.
    public static let unexpectedUpgrade = Self(rawValue: "unexpectedUpgrade")

    /// The body ended before its Content-Length, before its last chunk, or before the end of the range that was asked for; or
    /// the head before its end.
    public static let truncated = Self(rawValue: "truncated")

    /// The chunked coding of the body is broken.
    public static let badChunk = Self(rawValue: "badChunk")

    /// Something encoded cannot be decoded: a body is not what its Content-Encoding says, or that names something unknown; or
    /// in a text that is to be validated a percent sign begins no triplet, or the decoded bytes are not UTF-8.
    public static let badEncoding = Self(rawValue: "badEncoding")

    /// More became of an encoded body than ``URLOpener/Decoding`` allows, or more than 64 MiB while nobody read them.
    public static let decodedTooLarge = Self(rawValue: "decodedTooLarge")

    /// The server sent another part of the file than was asked for: a piece of it in place of the whole, or more than the piece
    /// it named.
    public static let badRange = Self(rawValue: "badRange")

    /// HTTP/2 framing or a stream failed. With libcurl 7.88, too, when the server answered and ended a stream before it had taken
    /// the body of the request: the answer is lost.
    public static let http2Failed = Self(rawValue: "http2Failed")
}

// FTP.
extension OpenError.Code {
    /// The server did not accept the user or the password (FTP; with HTTP it is a status).
    public static let loginDenied = Self(rawValue: "loginDenied")

    /// The server has no such file, or does not give it (FTP; with HTTP it is a status).
    public static let fileUnavailable = Self(rawValue: "fileUnavailable")

    /// The server said something that FTP does not provide for, or refused another command than those for the file.
    public static let ftpFailed = Self(rawValue: "ftpFailed")
}

// Authentication.
extension OpenError.Code {
    /// The server or the proxy asks for credentials, which are there, by nothing but malformed challenges.
    ///
    /// The response is in the error.
    public static let badChallenge = Self(rawValue: "badChallenge")

    /// The server or the proxy asks for credentials, which are there, by nothing but forms of Digest that are not supported:
    /// another algorithm than MD5 and SHA-256, or a `qop` without `auth`.
    ///
    /// The response is in the error.
    public static let unsupportedChallenge = Self(rawValue: "unsupportedChallenge")
}

// Decisions of ours.
extension OpenError.Code {
    /// More than 10 redirects, or more than 4 to the same URL.
    public static let tooManyRedirects = Self(rawValue: "tooManyRedirects")

    /// Handlers sent the request anew more often than any sensible exchange needs: 50 requests in one open.
    public static let tooManyRetries = Self(rawValue: "tooManyRetries")

    /// A redirect from https to http, which was not allowed.
    public static let insecureRedirect = Self(rawValue: "insecureRedirect")

    /// The body, or a line of it, is longer than the limit that the call gave, or a query has more fields.
    public static let limitExceeded = Self(rawValue: "limitExceeded")

    /// What produces the body of the request, or that of a handler's answer, threw, which is the `cause`.
    public static let bodyFailed = Self(rawValue: "bodyFailed")

    /// The request would have to be sent again, and its body cannot be; or it was made with a body that was sent before.
    public static let notRestartable = Self(rawValue: "notRestartable")

    /// A file could not be read or written; `systemCode` tells why.
    public static let fileFailed = Self(rawValue: "fileFailed")

    /// The response was closed, before or during the call; or the event loop was shut down.
    public static let closed = Self(rawValue: "closed")

    /// The task was cancelled, before or during the call.
    public static let cancelled = Self(rawValue: "cancelled")

    /// Another task waits for bytes of the same body; or somebody else retrieves to the same file.
    public static let busy = Self(rawValue: "busy")

    /// This process was forked off the one whose event loop the opener uses; the child has no loop.
    public static let forked = Self(rawValue: "forked")

    /// libcurl failed in a way that has no name here; `curlCode` tells.
    public static let transport = Self(rawValue: "transport")
}

extension OpenError.Code: CustomStringConvertible {
    /// The name alone.
    public var description: String { rawValue }
}
