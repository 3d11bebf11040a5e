internal import CLibcurl
internal import Glibc

/// The end of a transfer that failed, and what it is called in the tree of errors.
struct CurlFailure {
    private let code: CURLcode
    private let message: String
    private let systemCode: Int32
    private let isConnected: Bool
    private let verifyResult: Int
    private let problem: ResponseHeadParser.Problem?
    private let parser: ResponseHeadParser
    private let isDecoded: Bool
    private let isFTP: Bool
    private let proxy: Proxy?
    private let alert: TLSAlert?

    /// Takes down what the handle knows; it has to be asked before it is used again.
    ///
    /// - Parameters:
    ///   - proxy: The proxy that was being spoken to, in place of the server behind a tunnel.
    ///   - alert: The alert that was sent last.
    init(
        code: CURLcode, easy: CurlEasy, problem: ResponseHeadParser.Problem? = nil,
        parser: ResponseHeadParser = ResponseHeadParser(), isDecoded: Bool = false,
        isFTP: Bool = false, isConnected: Bool = false, proxy: Proxy? = nil, alert: TLSAlert? = nil
    ) {
        self.alert = alert
        self.isFTP = isFTP
        self.proxy = proxy?.scheme == .https ? proxy : nil
        self.isDecoded = isDecoded
        self.code = code
        self.problem = problem
        self.parser = parser
        let text = unsafe String(cString: easy.message)
        message = text.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : text
        systemCode = Int32(truncatingIfNeeded: easy.long(CURLINFO_OS_ERRNO))
        verifyResult = easy.long(self.proxy == nil ? CURLINFO_SSL_VERIFYRESULT : CURLINFO_PROXY_SSL_VERIFYRESULT)
        self.isConnected = isConnected
    }

    /// The error to throw.
    func error(_ operation: OpenError.Operation, url: String) -> OpenError {
        let curlCode = Int32(code.rawValue)
        // What our parser refused made its callback fail: libcurl's own words for that say nothing.
        if let problem {
            return OpenError(problem.code, operation, url: url, detail: problem.detail, curlCode: curlCode)
        }
        let phase = operation == .open && !isConnected ? .connect : operation
        let shownSystemCode = Self.hasSystemCause.contains(code) ? systemCode : 0
        return OpenError(
            name, phase, url: url, detail: detail, systemCode: shownSystemCode, curlCode: curlCode)
    }

    /// libcurl keeps the last errno, whatever it belongs to: it means something only beside these.
    private static let hasSystemCause: [CURLcode] = [CURLE_COULDNT_CONNECT, CURLE_SEND_ERROR, CURLE_RECV_ERROR]

    private var detail: String {
        let words = ownWords ?? message
        guard let proxy, Self.isOfPeer(name) else { return words }
        return "the proxy \(proxy): \(words)"
    }

    /// What to say where libcurl's words mislead: memory there is enough of, and no system call failed.
    private var ownWords: String? {
        if let reason { return "the handshake was ended by us: \(reason.name)" }
        if code == CURLE_BAD_FUNCTION_ARGUMENT, isConnected { return "a line of the head is no field" }
        if code == CURLE_WRITE_ERROR, isDecoded { return "the encoded body does not end as it should" }
        guard code == CURLE_OUT_OF_MEMORY else { return nil }
        return switch name {
        case .headersTooLarge: "a line of the head is longer than 100 KiB"
        case .decodedTooLarge: "more than 64 MiB were decoded while nobody read them"
        default: nil
        }
    }

    private var name: OpenError.Code {
        if isFTP, let name = ftpName { return name }
        return switch code {
        case CURLE_URL_MALFORMAT: .badURL
        // After connecting it is the status line that names a protocol libcurl does not speak.
        case CURLE_UNSUPPORTED_PROTOCOL: isConnected ? .badStatusLine : .unsupportedScheme
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .nameNotFound
        case CURLE_PROXY: .proxyRefused
        case CURLE_COULDNT_CONNECT: systemCode == ECONNREFUSED ? .connectionRefused : .connectionFailed
        case CURLE_INTERFACE_FAILED: .sourceUnavailable
        case CURLE_OPERATION_TIMEDOUT: isConnected ? .tooSlow : .timedOut
        case CURLE_SSL_CONNECT_ERROR: reason?.code ?? Self.handshakeCode(message)
        case CURLE_PEER_FAILED_VERIFICATION: Self.verificationCode(verifyResult)
        case CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS: .tlsPeerNotVerified
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH: .tlsPinMismatch
        case CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER: .tlsConfiguration
        case CURLE_WEIRD_SERVER_REPLY: .badHeader
        // What it says, of all things, to a line of the head with a bare CR before the colon.
        case CURLE_BAD_FUNCTION_ARGUMENT where isConnected: .badHeader
        case CURLE_GOT_NOTHING: .emptyReply
        case CURLE_PARTIAL_FILE: .truncated
        case CURLE_HTTP2, CURLE_HTTP2_STREAM: .http2Failed
        // A line over 100 KiB does not fit libcurl's buffer, and it calls that so.
        case CURLE_OUT_OF_MEMORY where !parser.hasHead && isConnected: .headersTooLarge
        // While a transfer pauses, libcurl keeps 64 MiB of what it decodes, and no more.
        case CURLE_OUT_OF_MEMORY where isDecoded: .decodedTooLarge
        case CURLE_BAD_CONTENT_ENCODING: .badEncoding
        // Bytes that we refuse have an error of their own: these its decoder has refused.
        case CURLE_WRITE_ERROR where isDecoded: .badEncoding
        // What later versions call the same (CURLE_TOO_LARGE, 8.6).
        case CURLcode(100): .headersTooLarge
        case CURLE_SEND_ERROR: .connectionReset
        case CURLE_RECV_ERROR: receiveError
        default: .transport
        }
    }

    /// The alert where it alone tells why a handshake failed.
    private var reason: TLSAlert? {
        code == CURLE_SSL_CONNECT_ERROR && Self.handshakeCode(message) == .tlsHandshakeFailed ? alert : nil
    }

    /// libcurl has one code for a reset connection, a broken chunk and a head over its own limit.
    private var receiveError: OpenError.Code {
        if let code = Self.alertCode(message) { return code }
        if systemCode != 0 { return .connectionReset }
        if !parser.hasHead { return .headersTooLarge }
        return parser.isChunked ? .badChunk : .connectionReset
    }

    /// What has another name with FTP.
    private var ftpName: OpenError.Code? {
        switch code {
        case CURLE_LOGIN_DENIED: .loginDenied
        case CURLE_REMOTE_ACCESS_DENIED, CURLE_REMOTE_FILE_NOT_FOUND, CURLE_FTP_COULDNT_RETR_FILE: .fileUnavailable
        case CURLE_WEIRD_SERVER_REPLY, CURLE_FTP_WEIRD_PASS_REPLY, CURLE_FTP_WEIRD_PASV_REPLY,
            CURLE_FTP_WEIRD_227_FORMAT, CURLE_FTP_CANT_GET_HOST, CURLE_FTP_COULDNT_SET_TYPE, CURLE_QUOTE_ERROR:
            .ftpFailed
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        case CURLE_RECV_ERROR where message.hasPrefix("Too large"): .headersTooLarge
        case CURLE_RECV_ERROR, CURLE_SEND_ERROR: .connectionReset
        default: nil
        }
    }
}
