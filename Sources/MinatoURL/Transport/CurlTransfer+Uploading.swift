internal import CLibcurl
internal import CMinato

/// What is known of a body that goes out, for what libcurl does not see to.
struct UploadState {
    /// Whether the head came before the body had gone out, over HTTP/2.
    fileprivate(set) var isOvertaken = false
    /// Whether the response says that the request has failed, so that nobody needs the rest of the body.
    fileprivate var hasFailed = false
    /// Whether the response is complete with its head.
    fileprivate var isAnswered = false
    /// Whether nothing is sent for a while, though the socket takes more.
    fileprivate(set) var isHeld = false
    /// Whether libcurl has been asked once more since somebody waited.
    fileprivate var hasAsked = false
    /// How much had gone out, and how much of the response had come, when it was last looked at.
    fileprivate var seen = (sent: 0, progress: Int64(0))
    /// How often in a row nothing had moved by then.
    fileprivate var vainRounds = 0
}

// What libcurl 7.88 gets wrong about bodies that go out over HTTP/2:
//
// | what happens | what libcurl does | what is done here |
// |---|---|---|
// | the server gives no window | waits until the socket takes more, which it does: spins | stops sending for a while, until something comes |
// | the response ends before the body of the request, whose last bytes end the stream | does not see that | has it receive once more |
// | as many bytes have come as `Content-Length` says, and the body of the request is not out | receives no more, and so hears of no window | has it not look at the length: the stream says where the response ends |
// | the same for a response without a body | the same | resets the stream when nothing moves any more: the response is complete |
// | the server resets the stream without an error in the middle of the response | takes that for its end, not looking at the length | looks at it |
// | the server refuses the request, 300 and above, before its body is out | ends the stream there, as if that were all of the body: a fault, for which some servers end the connection with all its streams | goes on, and resets the stream when the response is complete as its head says |
extension CurlTransfer {
    /// For how long nothing is sent at most, in nanoseconds, when the server takes nothing: a window that it gives is mostly heard of
    /// at once.
    static let holdingTime: Int64 = 100_000_000
    /// After how many rounds in which nothing has moved.
    static let maximumVainRounds = 8

    /// How much of the body has gone out.
    var sentBytes: Int { easy.number(CURLINFO_SIZE_UPLOAD_T) }

    /// Whether libcurl has nothing more to send.
    var hasSentAll: Bool { length.map { sentBytes >= $0 } ?? isFed }

    /// Whether libcurl receives no more, and so never hears of a window, as the response was complete with its head.
    var isDeaf: Bool { upload.isOvertaken && upload.isAnswered }

    /// Whether the request has failed, and all of the response has come.
    var hasFailedWholly: Bool { upload.hasFailed && isAnswered }

    /// Whether all of the response has come, as its head says.
    private var isAnswered: Bool {
        upload.isAnswered || !isDecoded && contentLength.map { pieces.count >= $0 } == true
    }

    /// Whether all of the response had come when the connection broke, on which the body of the request still went out.
    func isAnswered(inSpiteOf code: CURLcode) -> Bool {
        let broken = [CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM]
        return request.hasBody && !request.isForFTP && failure == nil && problem == nil && broken.contains(code)
            && isAnswered
    }

    /// What a result comes to when libcurl was told not to look at the length: all that its head says has to have come.
    func checked(_ code: CURLcode) -> CURLcode {
        guard code == CURLE_OK, request.hasBody, isFramed, !upload.isAnswered, let contentLength else { return code }
        // What was received, not what it was decoded to.
        return easy.number(CURLINFO_SIZE_DOWNLOAD_T) < contentLength ? CURLE_PARTIAL_FILE : CURLE_OK
    }

    /// Has libcurl leave it to us when it receives and sends no more, if the response comes over HTTP/2.
    func takeOver(_ line: Span<UInt8>) {
        guard line.begins(with: "HTTP/2") else { return }
        unsafe _ = minato_curl_set_long(easy.pointer, CURLOPT_IGNORE_CONTENT_LENGTH, 1)
        unsafe _ = minato_curl_set_long(easy.pointer, CURLOPT_KEEP_SENDING_ON_ERROR, 1)
    }

    /// Notes the head of the response.
    func noteHead(of status: Int, isBodiless: Bool) {
        upload.isAnswered = isBodiless
        guard isFramed, !hasSentAll else { return }
        upload.hasFailed = status >= 300
        upload.isOvertaken = true
        if !isBlocking { unsafe easy.common.overtaken.append(self) }
    }

    /// Has libcurl receive and send once more, whatever the socket says. The result is as that of `resume`.
    func askAgain() -> CURLcode {
        upload.isHeld = true
        let code = setPauses()
        upload.isHeld = false
        return code == CURLE_OK ? setPauses() : code
    }

    /// What a thread does that has called libcurl, and would wait now.
    ///
    /// - Parameter hasMore: Whether something may come at once.
    func nextStep(hasMore: Bool) -> NextStep {
        guard request.hasBody else { return .wait(.max) }
        if hasFailedWholly { return .end(CURLE_OK) }
        if upload.isOvertaken, !upload.hasAsked, !hasMore, !isPaused, hasSentAll {
            upload.hasAsked = true
            return step(askAgain())
        }
        if upload.isHeld { return .wait(Self.holdingTime) }
        guard isStuck() else { return .wait(.max) }
        return isDeaf ? .end(CURLE_OK) : step(hold(true))
    }

    /// What is to be done when it has waited. The result is as that of `resume`.
    func goOnAfterWait() -> CURLcode {
        upload.hasAsked = false
        return hold(false)
    }

    private func step(_ code: CURLcode) -> NextStep { code == CURLE_OK ? .goOn : .end(code) }

    /// Whether nothing has moved for several rounds in a row, of which this is one.
    private func isStuck() -> Bool {
        let seen = (sent: sentBytes, progress: pipe.moment.lastProgress)
        upload.vainRounds = seen == upload.seen ? upload.vainRounds + 1 : 0
        upload.seen = seen
        return upload.vainRounds >= Self.maximumVainRounds && !isSendingPaused && !hasSentAll
    }

    /// Sends nothing, or goes on. The result is as that of `resume`.
    private func hold(_ isHeld: Bool) -> CURLcode {
        guard isHeld != upload.isHeld else { return CURLE_OK }
        upload.isHeld = isHeld
        upload.vainRounds = 0
        return setPauses()
    }
}

/// What a thread does that drives a transfer.
enum NextStep {
    /// Waits, no longer than so many nanoseconds.
    case wait(Int64)
    /// Calls libcurl.
    case goOn
    /// Ends the transfer.
    case end(CURLcode)
}
