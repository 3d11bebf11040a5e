internal import CLibcurl

/// Sets the options of an easy handle, and remembers the first one that libcurl refused.
///
/// An option that is not set is not a detail: without PROTOCOLS_STR, say, a URL could reach for files. So a transfer begins
/// only when all were accepted.
@safe
struct CurlOptions {
    /// A body that is no longer goes out with the head, in one packet; a longer one is not copied as a whole.
    static let copiedCount = 16 * 1024
    /// How much libcurl reads at once. 2.8 times less processor time on large bodies than with its default of 16 KiB.
    ///
    /// It goes on until a socket has no more or the pipe is full, which is so after one of these. What it would have to keep then it
    /// copies: see ``BodyPieces``. With half of it, 64 MiB take one and a quarter times as long as in C, and with it 1.1 times.
    static let bufferSize = BodyPipe.capacity
    /// What it has read it decodes to the end, also while the transfer pauses, and keeps: up to 64 MiB, then it fails.
    private static let decodingBufferSize = 16 * 1024

    private let handle: CurlEasy
    private var easy: UnsafeMutableRawPointer { unsafe handle.pointer }
    private(set) var refusal: CURLcode = CURLE_OK

    init(_ handle: CurlEasy) {
        self.handle = handle
    }

    /// A number or a switch.
    mutating func set(_ option: CURLoption, _ value: Int) {
        note(unsafe minato_curl_set_long(easy, option, value))
    }

    /// A text without NUL.
    mutating func set(_ option: CURLoption, _ value: String) {
        note(unsafe minato_curl_set_string(easy, option, value))
    }

    /// No text, where libcurl has one of its own.
    mutating func unset(_ option: CURLoption) {
        note(unsafe minato_curl_set_string(easy, option, nil))
    }

    /// Bytes, of which libcurl keeps a copy.
    mutating func setBlob(_ option: CURLoption, _ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { memory in
            guard let start = memory.baseAddress else { return }
            note(unsafe minato_curl_set_blob(easy, option, start, memory.count))
        }
    }

    /// A result of a wrapper called directly.
    mutating func note(_ code: CURLcode) {
        if refusal == CURLE_OK { refusal = code }
    }

    /// What holds for every transfer, whatever is asked for.
    mutating func setPolicy() {
        // Redirects, credentials, cookies and proxies are decided by the handlers. libcurl gets them wrong where its own rules
        // are old (it keeps custom fields across hosts, and credentials across ports), and it reads the environment unless told.
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue))
        set(CURLOPT_HTTPAUTH, 0)
        set(CURLOPT_PROXYAUTH, 0)
        // Both always: what is not set, libcurl takes from the environment.
        set(CURLOPT_PROXY, "")
        set(CURLOPT_NOPROXY, "")
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        set(CURLOPT_PATH_AS_IS, 1)

        // No signals in a library, and no waiting for a name server when a transfer is given up.
        // libcurl leaves SIGPIPE alone then, which it has no need to ignore: since 7.88 it sends with MSG_NOSIGNAL, with TLS too.
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_QUICK_EXIT, 1)

        set(CURLOPT_HTTP09_ALLOWED, 0)
    }

    /// Limits of time, as far as they are libcurl's business.
    mutating func setLimits(_ limits: HopLimits) {
        // Ours ends the transfer; libcurl's own, a little later, is what it divides among the addresses of a name.
        let connect = limits.connect.map { $0.wholeMilliseconds + 1000 } ?? Duration.longestMilliseconds
        set(CURLOPT_CONNECTTIMEOUT_MS, min(connect, Duration.longestMilliseconds))
        if let rate = limits.minimumRate {
            set(CURLOPT_LOW_SPEED_LIMIT, max(1, rate.bytesPerSecond))
            set(CURLOPT_LOW_SPEED_TIME, min(max(1, (rate.period.wholeMilliseconds + 999) / 1000), Int(Int32.max)))
        }
    }

    /// Whether bodies are decoded, and in which pieces they are read.
    mutating func setDecoding(_ request: URLOpener.Request) {
        set(CURLOPT_HTTP_CONTENT_DECODING, request.isDecoded ? 1 : 0)
        set(CURLOPT_BUFFERSIZE, request.isDecoded ? Self.decodingBufferSize : Self.bufferSize)
        if request.isDecoded, let encodings = CurlDecoder.acceptEncoding { set(CURLOPT_ACCEPT_ENCODING, encodings) }
    }

    /// Method, body and fields.
    ///
    /// - Parameter length: How long the body is, nil for one that is sent in chunks.
    mutating func setRequest(_ request: URLOpener.Request, length: Int?, _ setting: CurlSetting?) {
        setURL(request)
        setFields(request, setting)
        // HTTP/2 where TLS offers it (ALPN). Over plain TCP 7.88 fails on the second request with it. Requests that come while
        // the first one still connects wait for what is agreed on there, and then share the connection.
        let isTLS = request.location.origin.scheme == "https"
        set(CURLOPT_HTTP_VERSION, Int(isTLS ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1))
        set(CURLOPT_PIPEWAIT, isTLS ? 1 : 0)
        let method = request.method
        if let body = request.body {
            setBody(body, length)
        } else if ["POST", "PUT", "PATCH"].contains(method) {
            setBody([], 0)
        }
        // HEAD as a mere word would make libcurl wait for the body that Content-Length announces.
        if method == "HEAD" { set(CURLOPT_NOBODY, 1) } else { set(CURLOPT_CUSTOMREQUEST, method) }
    }

    /// Where the request goes to.
    mutating func setURL(_ request: URLOpener.Request) { note(handle.setURL(request.location.target)) }

    /// The fields that go to the server.
    ///
    /// - Parameter setting: See ``CurlCommon``.
    mutating func setFields(_ request: URLOpener.Request, _ setting: CurlSetting?) {
        let list = handle.common.fields(of: setting) { CurlList(Self.fieldLines(request)) }
        note(list.map(handle.setFields) ?? CURLE_OUT_OF_MEMORY)
    }

    private static func fieldLines(_ request: URLOpener.Request) -> [String] {
        // A name with a colon and nothing more removes what libcurl adds by itself; with a semicolon, it is an empty field.
        var lines = request.fieldsToServer.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        lines += ["Accept", "Content-Type"].filter { request.field($0) == nil }.map { $0 + ":" }
        // libcurl would ask for leave for long bodies only, and for each of them.
        return lines + [request.expectsContinue && request.body != nil ? "Expect: 100-continue" : "Expect:"]
    }

    private mutating func setBody(_ body: URLOpener.Request.Body, _ length: Int?) {
        set(CURLOPT_POST, 1)
        guard let bytes = body.bytes, bytes.count <= Self.copiedCount else {
            return note(unsafe minato_curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, length ?? -1))
        }
        // libcurl takes no pointer for no body: an empty array has none, a NUL beyond the end serves.
        let copied = bytes.isEmpty ? [0] : bytes
        unsafe copied.withUnsafeBytes { memory in
            guard let start = memory.baseAddress else { return }
            note(unsafe minato_curl_set_body(easy, start, bytes.count))
        }
    }

    /// A list of lines.
    mutating func setList(_ option: CURLoption, _ lines: [String]) {
        note(handle.setList(option, lines))
    }
}

extension Duration {
    /// As much as libcurl takes.
    fileprivate static let longestMilliseconds = Int(Int32.max)

    /// Rounded up, and not above `longestMilliseconds` by much.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds < Int64(Self.longestMilliseconds / 1000) else { return Self.longestMilliseconds }
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
