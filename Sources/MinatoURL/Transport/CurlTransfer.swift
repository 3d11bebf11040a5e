internal import CLibcurl
internal import CMinato
internal import HTTPTypes
@_spi(Loops) internal import MinatoLoop

/// One hop on an easy handle of libcurl, whoever drives it: what is sent, what its callbacks receive, and how it ended.
///
/// What comes goes into the pipe. All functions are called by one thread at a time, and libcurl calls back only inside calls
/// of that thread; the pipe is for everybody.
@safe
final class CurlTransfer: @unchecked Sendable {
    let request: URLOpener.Request
    let pipe: BodyPipe
    let easy: CurlEasy
    let clock: HopClock
    /// The loop on which it runs, nil when threads drive it.
    private let core: LoopCore?
    var isBlocking: Bool { core == nil }
    /// What the handle will be set up for.
    private let setting: CurlSetting?
    let configuration: URLOpener.SharedConfiguration
    private let start = minato_clock_now()

    /// Whether the lines of heads are those of the server and nobody else's.
    let isPlain: Bool

    // What the callbacks of libcurl fill.
    /// Used by one function at a time, which is what the checks for exclusive access would find out line by line.
    @exclusivity(unchecked) private var parser: ResponseHeadParser
    var problem: ResponseHeadParser.Problem?
    /// Whether there is a connection for the request, with its tunnel: it is about to be sent, or has been. When libcurl sends it once
    /// more it makes another connection first, and its own times, which stay, do not tell.
    var hasConnection = false
    /// Of what a proxy says to the request for a tunnel.
    private var tunnelParser = ResponseHeadParser(mayBeFramed: false)
    /// The alert that was sent last, with TLS within TLS.
    private var alert: TLSAlert?
    /// An address that was not connected to because nobody may.
    private var refusedAddress: SocketAddress?
    /// Why a callback gave up, when the error is known there.
    var failure: OpenError?
    var lastProgress: Int64 = 0
    var sendCount = 0
    /// Since when another connection is being made for a request that has gone out already.
    var connectingSince: Int64?
    /// Whether libcurl must not be given a folded line: until there has been another field.
    private var mustNotFold = false
    /// What of the body has come.
    var pieces = BodyPieces()
    /// Whether it receives nothing, as there is no room.
    var isPaused = false

    /// What gives the body of the request, when libcurl has no copy of it.
    var feed: (any BodyFeed)?
    var length: Int?
    /// How many bytes it has given since the beginning or the last rewinding.
    var fedCount = 0
    var isSendingPaused = false
    /// Whether nothing more will be asked for.
    var isFed = false
    var upload = UploadState()
    /// Whether the body comes encoded and goes on decoded.
    private(set) var isDecoded = false
    /// Whether the response is complete with its head, whatever comes.
    private var isCutShort = false

    /// With FTP.
    var ftp = FTPState()
    /// With FTP: those that are open.
    let sockets: TransferSockets?

    /// How many bytes of the request had gone out when it was last looked at.
    private var sentCount = 0

    /// Whether it has ended as it should, and the connection may serve another request.
    private(set) var isComplete = false
    /// Whether its connection, of HTTP/2 and used before, ended before one byte of the response, and the server may get the
    /// request twice.
    var isStale = false
    /// Whether it ends before its end, or that of its request.
    private(set) var isCut = true
    /// An FTP server would be told goodbye, and libcurl wait for its answer.
    var keepsConnection: Bool { isComplete && !isCut && !request.isForFTP }

    /// - Parameter core: The loop on which it runs; nil: a thread of the program drives it, which the source of the body may
    ///   block.
    init(
        _ request: URLOpener.Request, _ limits: HopLimits, _ configuration: URLOpener.SharedConfiguration,
        easy: CurlEasy, setting: CurlSetting?, on core: LoopCore?
    ) {
        self.setting = setting
        self.configuration = configuration
        self.core = core
        self.request = request
        unsafe parser = ResponseHeadParser(mayBeFramed: request.location.origin.scheme == "https")
        let isForFTP = request.isForFTP
        isPlain = !isForFTP && !request.isTunnelled
        sockets = isForFTP ? TransferSockets() : nil
        self.easy = easy
        clock = HopClock(limits, start: start)
        pipe = BodyPipe(url: request.url, lock: easy.lock)
        LiveObjects.transfer.isBorn()
    }

    deinit { LiveObjects.transfer.isGone() }

    /// Sets all options, as far as they are not set already. The body has been opened.
    ///
    /// - Parameter configure: Sets those that depend on who drives it.
    func prepare(_ configure: (inout CurlOptions) -> Void) throws(OpenError) {
        var options = CurlOptions(easy)
        if let setting, let last = easy.setting, last.suits(setting) {
            if !last.hasTarget(of: setting) { options.setURL(request) }
            if !last.hasFields(of: setting) { options.setFields(request, setting) }
            easy.report(false)
            easy.useAgain()
        } else {
            let looksAtFields = !request.isTunnelled && !request.isForFTP
            guard easy.renew(looksAtFields: looksAtFields) else { throw CurlTransport.exhausted(request.url) }
            try setAll(&options)
        }
        configure(&options)
        guard options.refusal == CURLE_OK else {
            easy.setting = nil
            throw CurlFailure(code: options.refusal, easy: easy).error(.prepare, url: request.url)
        }
        easy.setting = setting
        easy.transfer = self
        mustNotFold = easy.mustNotFoldFirst
    }

    private func setAll(_ options: inout CurlOptions) throws(OpenError) {
        options.setPolicy()
        let limits = clock.limits
        options.setLimits(limits)
        options.setProxy(request)
        try options.setNetwork(configuration.value.network, for: request)
        if request.isForFTP {
            options.setFTP(request, limits)
        } else {
            try options.setTLS(configuration.value.tls, for: request)
            options.setDecoding(request)
            options.setRequest(request, length: length, setting)
        }
        setCallbacks(&options)
    }

    /// What its limits of time depend on.
    var moment: HopClock.Moment {
        let hasBody = request.hasBody
        let sent = hasBody ? easy.number(CURLINFO_SIZE_UPLOAD_T) : 0
        // Who has nothing to send yet does not wait for the server.
        if sent != sentCount || isSendingPaused {
            sentCount = sent
            lastProgress = minato_clock_now()
        }
        let inPipe = pipe.moment
        let connecting = connectingTime
        return HopClock.Moment(
            connectedAt: connecting > 0 ? start + Int64(connecting) * 1000 : nil, connectingSince: connectingSince,
            hasHead: inPipe.hasHead, isSending: hasBody && !isSendingPaused && sent < length ?? .max,
            lastProgress: max(lastProgress, inPipe.lastProgress),
            waitingSince: inPipe.waitingSince, waitLimit: inPipe.waitLimit)
    }

    /// Whether name, connection and TLS are done, so that the request itself is under way.
    var isConnected: Bool { connectingTime > 0 }

    /// How long that took, in microseconds; 0 while it is not done.
    private var connectingTime: Int { hasConnection ? easy.number(CURLINFO_PRETRANSFER_TIME_T) : 0 }

    /// The time, in the callbacks of libcurl: of what the loop found ready at once it is the same for all.
    var now: Int64 { core?.now ?? minato_clock_now() }

    /// What is being done, for errors.
    var operation: OpenError.Operation {
        hasHead ? .read : isConnected ? .open : .connect
    }

    private var hasHead: Bool { unsafe parser.hasHead || ftp.hasHead }

    /// Whether the connection speaks HTTP/2.
    var isFramed: Bool { unsafe parser.isFramed }

    /// Whether the body comes in chunks.
    var isChunked: Bool { unsafe parser.isChunked }

    /// How long the response says that its body is.
    var contentLength: Int? { unsafe parser.contentLength }

    /// Whether the head of a response has come over HTTP/1.
    var hasPlainHead: Bool { unsafe parser.hasHead && !parser.isFramed }

    /// Goes on with what was kept back, if there is room for it now.
    ///
    /// What libcurl gives on by that can make the transfer fail, and libcurl tells nobody but the caller: any result but
    /// CURLE_OK ends the transfer, which would stand still otherwise.
    func resume() -> CURLcode {
        guard isPaused, pipe.hasRoom else { return CURLE_OK }
        isPaused = false
        return setPauses()
    }

    /// Goes on with the body of the request, of which there is more. The result is as that of `resume`.
    func resumeSending() -> CURLcode {
        guard isSendingPaused else { return CURLE_OK }
        isSendingPaused = false
        return setPauses()
    }

    func setPauses() -> CURLcode {
        let keepsBack = isSendingPaused || upload.isHeld
        let pauses = (isPaused ? CURLPAUSE_RECV : CURLPAUSE_CONT) | (keepsBack ? CURLPAUSE_SEND : CURLPAUSE_CONT)
        return unsafe curl_easy_pause(easy.pointer, pauses)
    }

    /// It has ended: tells the reader how.
    ///
    /// The easy handle is still on its multi handle, and knows all.
    func finish(_ result: CURLcode) {
        let code = checked(result)
        noteUnanswered(code)
        if request.isForFTP {
            if code == CURLE_OK { publishFTP() }
            sockets?.shutDown()
        }
        isComplete = code == CURLE_OK && problem == nil && hasHead
        isCut = !isComplete || isFramed && request.hasBody && !hasSentAll
        // Without a head libcurl says the first two only of HTTP/2. The third it says when a connection that was used before has
        // ended, and it would send the request again by itself, but cannot have the body once more.
        let cannotRewind = code == CURLE_SEND_FAIL_REWIND
        let isEmpty =
            unsafe (code == CURLE_PARTIAL_FILE || code == CURLE_OK || cannotRewind) && !parser.hasBegun
            && !request.isForFTP
        isStale =
            isEmpty && failure == nil && sendCount == 1 && mayRepeat
            && (cannotRewind || easy.long(CURLINFO_NUM_CONNECTS) == 0)
        if isComplete || isCutShort || isAnswered(inSpiteOf: code) {
            pipe.finish(.complete, trailers: unsafe parser.takeTrailers())
        } else if let failure {
            pipe.finish(.failed(failure))
        } else if let refusedAddress, code == CURLE_COULDNT_CONNECT {
            pipe.finish(.failed(configuration.value.network.refusal(of: refusedAddress, url: request.url)))
        } else if code == CURLE_RECV_ERROR, problem == nil, awaitsTunnel, easy.alertCode == nil {
            pipe.finish(.failed(tunnelFailure("the proxy ended the connection instead of opening a tunnel")))
        } else if unsafe code == CURLE_OK && problem == nil || code == CURLE_GOT_NOTHING && parser.hasBegun || isEmpty {
            pipe.finish(.failed(headless))
        } else {
            let failure = CurlFailure(
                code: code, easy: easy, problem: problem, parser: unsafe parser, isDecoded: isDecoded,
                isFTP: request.isForFTP, isConnected: isConnected,
                proxy: awaitsTunnel || !request.isTunnelled ? request.httpProxy : nil,
                alert: alert)
            pipe.finish(.failed(failure.error(hasHead ? .read : .open, url: request.url)))
        }
    }

    /// Whether a proxy has not said yet whether it opens a tunnel: with the server nothing can have gone wrong then.
    private var awaitsTunnel: Bool { request.isTunnelled && !hasConnection && tunnelParser.head == nil }

    /// There is no head, and libcurl does not mind, or says that nothing came.
    private var headless: OpenError {
        let detail = "the response ends in its head"
        return unsafe parser.hasBegun
            ? OpenError(.truncated, .open, url: request.url, detail: detail)
            : OpenError(.emptyReply, .open, url: request.url, detail: "the server sent no response")
    }

    /// Nothing will be sent or received any more, however it ended.
    func end() {
        feed?.end()
        feed = nil
    }
}

// What the callbacks of libcurl do.
extension CurlTransfer {
    /// Takes a line of the head.
    ///
    /// Any other number than its length makes libcurl give up.
    func takeHead(_ line: Span<UInt8>) -> Int {
        lastProgress = now
        if !isPlain {
            if request.isForFTP { return takeReply(line.count) }
            if !hasConnection { return takeTunnelHead(line) }
        }
        if mustNotFold { lookOut(line) }
        let hadHead = unsafe parser.hasHead
        do throws(ResponseHeadParser.Problem) {
            try unsafe parser.take(line)
        } catch {
            problem = error
            return -1
        }
        if request.hasBody { takeOver(line) }
        guard !hadHead, let head = unsafe parser.takeHead() else { return line.count }
        if head.status == 417 && request.expectsContinue && fedCount == 0 {
            // libcurl would send the request again by itself, and then this head would be followed by another one.
            isCutShort = true
            publish(head)
            return -1
        }
        if unsafe parser.mustClose { forbidReuse() }
        // What follows a response without a body, or a last chunk, libcurl drops and goes on as if nothing had been: be told.
        if unsafe head.isWithoutBody(request.method) || parser.isChunked {
            easy.report(true)
        }
        if request.hasBody { noteHead(of: head.status, isBodiless: head.isBodiless(request.method)) }
        publish(head)
        return line.count
    }

    /// Has libcurl tell the lines before it takes them, from the status on until there has been a field.
    private func lookOut(_ line: Span<UInt8>) {
        if line.begins(with: "HTTP/") {
            easy.report(true)
        } else if !line.isEmpty && line[0] != 0x0D && line[0] != 0x0A {
            mustNotFold = false
            easy.report(false)
        }
    }

    /// Looks at a line of the head before libcurl takes it.
    func seeLine(_ line: UnsafeRawBufferPointer) {
        guard mustNotFold, let first = unsafe line.first, first == 0x20 || first == 0x09 else { return }
        mustNotFold = false
        problem = ResponseHeadParser.noField
        forbidReuse()
        easy.giveUp()
    }

    /// Takes a line of what a proxy says to the request for a tunnel.
    ///
    /// It is not the server that says it: of all refusals only the challenge is for the handlers, which know it by its status.
    private func takeTunnelHead(_ line: Span<UInt8>) -> Int {
        do throws(ResponseHeadParser.Problem) {
            try tunnelParser.take(line)
        } catch {
            problem = error
            return -1
        }
        guard let head = tunnelParser.head, !(200...299).contains(head.status) else { return line.count }
        if head.status == 407 {
            isCutShort = true
            publish(head)
        } else {
            failure = tunnelFailure("the proxy opens no tunnel: \(head.status) \(head.reason)")
        }
        return -1
    }

    private func tunnelFailure(_ detail: String) -> OpenError {
        OpenError(.proxyRefused, .connect, url: request.url, detail: detail)
    }

    private func publish(_ head: consuming URLOpener.ResponseHead) {
        isDecoded = request.isDecoded && head.isEncoded && !isCutShort
        var connection = URLOpener.ConnectionInfo(easy)
        connection.isPeerVerified =
            unsafe parser.hasHead && request.location.origin.scheme == "https" && !request.skipsPeerVerification
        head.note(isDecoded: isDecoded, isOfTunnel: request.isTunnelled && !isCutShort, connection)
        pipe.publish(head, at: now)
    }

    /// Opens a socket for an address, if it may be connected to.
    func open(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let bytes = unsafe UnsafeRawBufferPointer(
            start: minato_curl_address_bytes(address), count: Int(address.pointee.addrlen))
        let place = try? SocketAddress(rawBytes: unsafe Array(bytes))
        guard let place, configuration.value.network.allows(place) else {
            refusedAddress = place
            return CURL_SOCKET_BAD
        }
        // With FTP it may be one for data, beside the connection that there is.
        if !request.isForFTP {
            guard mayConnectAgain() else { return CURL_SOCKET_BAD }
            hasConnection = false
            tunnelParser = ResponseHeadParser(mayBeFramed: false)
        }
        let socket = unsafe minato_curl_open_socket(address)
        sockets?.add(socket)
        return socket
    }

    /// Takes what libcurl says of its doings.
    func takeReport(_ text: [UInt8]) {
        if let sent = TLSAlert(report: text) { alert = sent }
        if text.starts(with: "Excess found".utf8) || text.starts(with: "Leftovers after".utf8) { forbidReuse() }
    }

    func forbidReuse() {
        easy.setting = nil
        unsafe _ = minato_curl_set_long(easy.pointer, CURLOPT_FORBID_REUSE, 1)
    }
}

/// Dumped without its inside, which whoever drives it changes meanwhile.
extension CurlTransfer: CustomReflectable {
    var customMirror: Mirror { Mirror(self, children: []) }
}
