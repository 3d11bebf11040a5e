internal import CLibcurl
internal import CMinato
@_spi(Loops) internal import MinatoLoop

// When a request goes out twice.
extension CurlTransfer {
    /// Whether the request may go out: the first time, and once more when a connection that was used again turns out to be
    /// dead before one byte of a response, if the server may get the request twice.
    ///
    /// libcurl would send it up to five times, whatever its method, and 7.88 does not say whether a server of HTTP/2 has refused
    /// it. RFC 9110 section 9.2.2.
    func maySend() -> Bool {
        hasConnection = true
        sendCount += 1
        // libcurl counts the repetitions of a handle, gives up after five, and begins anew only when the handle is reset.
        if sendCount > 1 { easy.setting = nil }
        // libcurl 7.88 rewinds a body of which something has gone out. What it has taken, and could not send, it drops.
        if sendCount == 1 || (sendCount == 2 && mayRepeat && (fedCount == 0 || rewind())) { return true }
        problem = ResponseHeadParser.Problem(code: .emptyReply, detail: Self.unanswered)
        return false
    }

    /// Whether another connection may be made for the request, which may have gone out by one already.
    ///
    /// Else a request that the server has, and may not get twice, would fail by an error which says that it never had it.
    func mayConnectAgain() -> Bool {
        guard hasConnection else { return true }
        if mayRepeat {
            connectingSince = minato_clock_now()
        }
        return mayRepeat
    }

    /// Notes that a transfer ended because there was no other connection to be had for a request that has gone out, and may not
    /// go out twice.
    func noteUnanswered(_ code: CURLcode) {
        guard sendCount > 0, !mayRepeat, !request.isForFTP,
            [CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT].contains(code)
        else { return }
        problem = ResponseHeadParser.Problem(code: .emptyReply, detail: Self.unanswered)
    }

    private static var unanswered: String { "the connection, used before, ended without a response to this request" }

    /// Whether a request that ended by this error is to go out once more, on another connection. With HTTP/1.1 libcurl does that
    /// itself, unless the body is a task's: see `maySend`.
    ///
    /// Of a transfer that another thread has ended, by another error, nothing is looked at: it may still be under way.
    func mustRepeat(after error: OpenError) -> Bool { error.code == .emptyReply && isStale }

    /// Whether the server may get the request twice.
    var mayRepeat: Bool { request.isIdempotent && request.body?.isRestartable != false }
}
