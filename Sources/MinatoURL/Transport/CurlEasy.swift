internal import CLibcurl
internal import CMinato
internal import MinatoLoop

/// An easy handle of libcurl, with the memory that a transfer on it needs.
///
/// Used by one transfer at a time.
@safe
final class CurlEasy: @unchecked Sendable {
    private(set) var pointer: UnsafeMutableRawPointer
    /// For the pipes of its transfers.
    let lock = Lock()
    /// Where libcurl writes its last message.
    let message: UnsafeMutablePointer<CChar>
    /// The transfer under way.
    var transfer: CurlTransfer? {
        didSet { unsafe calledBack = transfer.map { unsafe Unmanaged.passUnretained($0) } }
    }
    /// The same, for the functions that libcurl calls, several times for each response: counting references there would cost more
    /// than some of them do.
    @exclusivity(unchecked) private var calledBack: Unmanaged<CurlTransfer>?
    /// The same, when it is on a loop.
    var loopTransfer: LoopTransfer?
    /// What is set, when the next transfer may have a use for it; nil otherwise.
    var setting: CurlSetting?
    /// Whether it reports what it does, which a transfer asks for when it has to know.
    var isVerbose = false
    /// What it has in common with others on its multi handle.
    let common: CurlCommon
    /// What the pointer has of other handles' TLS sessions.
    private var sessions: CurlSessions?
    /// The URL of the transfer under way.
    private var url: CurlURL?
    /// The lists of the transfer under way, which libcurl does not copy.
    private var fields: CurlList?
    private var lists: [CurlList] = []

    /// Before 8.1.1 libcurl keeps, from one response to the next, a pointer to the last field, which it has freed; when the next one
    /// begins with a folded line, it writes there.
    private static let remembersFields = minato_curl_version_number() < 0x080101
    /// Whether a transfer has used the pointer.
    private var isUsed = false
    /// Whether the transfer under way must not let libcurl have a folded line before any other field.
    private(set) var mustNotFoldFirst = false
    /// Whether no option is set.
    private var isBlank = true

    private let forks = minato_thread_forks()
    /// Whether this is a child that was forked off the process that has made it: see `CurlHandle`.
    var isForeign: Bool { minato_thread_forks() != forks }

    /// libcurl asks for one call before all others; initializing a static value happens once, whatever the threads do.
    static let isReady: Bool = {
        OpenSSL.outlivesExit()
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }()

    /// Makes a handle; nil when there is no memory.
    init?(_ common: CurlCommon) {
        self.common = common
        guard Self.isReady, let easy = unsafe curl_easy_init() else { return nil }
        unsafe pointer = unsafe easy
        unsafe message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        shareSessions()
    }

    deinit {
        if isForeign { return }
        unsafe curl_easy_cleanup(pointer)
        unsafe message.deallocate()
    }

    /// Makes it as new, for a transfer that sets all options. It is on no multi handle. False when there is no memory.
    ///
    /// - Parameter looksAtFields: Whether the transfer looks at the lines of responses before libcurl takes them.
    func renew(looksAtFields: Bool) -> Bool {
        if !isBlank { reset() }
        mustNotFoldFirst = isUsed && Self.remembersFields
        if mustNotFoldFirst, !looksAtFields {
            guard let new = unsafe curl_easy_init() else { return false }
            unsafe curl_easy_cleanup(pointer)
            unsafe pointer = unsafe new
            sessions = nil
            shareSessions()
            mustNotFoldFirst = false
        }
        (isBlank, isUsed) = (false, true)
        return true
    }

    /// Has it serve one more transfer, which sets what differs.
    func useAgain() { mustNotFoldFirst = Self.remembersFields }

    /// Has libcurl tell the transfer each line before it takes it, or no more.
    func report(_ isOn: Bool) {
        guard isOn != isVerbose else { return }
        isVerbose = isOn
        unsafe _ = minato_curl_set_long(pointer, CURLOPT_VERBOSE, isOn ? 1 : 0)
    }

    /// Has the transfer that begins make a connection of its own, which others may use.
    func avoidOthers() {
        unsafe _ = minato_curl_set_long(pointer, CURLOPT_FRESH_CONNECT, 1)
        setting = nil
    }

    /// Has the transfer under way end, inside a function that libcurl calls and that cannot say so. libcurl receives nothing more.
    func giveUp() {
        unsafe minato_curl_give_up(pointer)
    }

    /// Nothing of one transfer stays for the next, but for the TLS sessions that libcurl knows, which belong to options that come
    /// again.
    private func reset() {
        unsafe curl_easy_reset(pointer)
        setting = nil
        isVerbose = false
        url = nil
        (fields, lists) = (nil, [])
        unsafe message.pointee = 0
        isBlank = true
    }

    /// Has libcurl free what it keeps back for a transfer that pauses: it offers that, and nobody takes it.
    ///
    /// It is on a multi handle, which it is to be taken off next.
    func dropKept() {
        transfer = nil
        unsafe _ = curl_easy_pause(pointer, CURLPAUSE_CONT)
    }

    /// The transfer has ended, and it is on no multi handle any more.
    ///
    /// - Parameter keepsSetting: Whether what is set may stay for the next transfer.
    func rest(keepsSetting: Bool) {
        transfer = nil
        if keepsSetting, setting != nil { unsafe message.pointee = 0 } else { reset() }
    }

    /// Has it use the TLS sessions of others, and others its own: where there is memory for that, without which handshakes are
    /// longer, and that is all.
    ///
    /// Before its first transfer: with that, though it be without TLS, libcurl makes a table of its own, and forgets to free it
    /// when it is given another one.
    private func shareSessions() {
        guard let shared = common.sessions else { return }
        // Kept until the pointer has gone.
        if unsafe minato_curl_set_share(pointer, shared.share) == CURLE_OK { sessions = shared }
    }

    /// Sets a URL as text, and as libcurl's parser reads it: which libcurl would do anew for each transfer with the same URL, and
    /// then put it together again, a tenth of what a small request costs.
    ///
    /// - Parameter text: A URL of http or https, without user name and password.
    func setURL(_ text: String) -> CURLcode {
        // The one before must not be used from here on; and the text is what libcurl goes by when it sends a request again.
        unsafe _ = minato_curl_set_url(pointer, nil)
        url = nil
        let code = unsafe minato_curl_set_string(pointer, CURLOPT_URL, text)
        guard code == CURLE_OK, let read = CurlURL() else { return code }
        do throws(RequestURL.Problem) {
            try read.set(CURLUPART_URL, text)
            // A user is for libcurl to refuse, and a copy of a URL need not have the zone of an address.
            guard try read.get(CURLUPART_USER) == nil, try read.get(CURLUPART_ZONEID) == nil else { return code }
        } catch {
            // libcurl says itself what is wrong.
            return code
        }
        let used = unsafe read.use(in: pointer)
        url = consume read
        return used
    }

    /// Sets the list of the fields of a request, in place of the one before, which libcurl has no use for any more then.
    func setFields(_ list: CurlList) -> CURLcode {
        let code = unsafe minato_curl_set_list(pointer, CURLOPT_HTTPHEADER, list.pointer)
        if code == CURLE_OK { fields = list }
        return code
    }

    /// Sets a list of lines; it lives until the transfer has ended.
    func setList(_ option: CURLoption, _ lines: [String]) -> CURLcode {
        guard let list = CurlList(lines) else { return CURLE_OUT_OF_MEMORY }
        lists.append(list)
        return unsafe minato_curl_set_list(pointer, option, list.pointer)
    }

    /// What has a pointer of libcurl's: as long as a transfer is under way on it.
    static func handle(of pointer: UnsafeMutableRawPointer) -> CurlEasy? {
        guard let context = unsafe minato_curl_get_context(pointer) else { return nil }
        return unsafe Unmanaged<CurlEasy>.fromOpaque(context).takeUnretainedValue()
    }

    /// Calls `body` with the transfer under way, from what the functions that libcurl calls are given; without one, the result is
    /// `other`.
    ///
    /// Whoever calls libcurl has it, so that it lives at least as long as that call.
    @inline(__always)
    static func call<Result>(
        _ context: UnsafeMutableRawPointer, else other: Result, _ body: (CurlTransfer) -> Result
    ) -> Result {
        unsafe Unmanaged<CurlEasy>.fromOpaque(context)._withUnsafeGuaranteedRef { easy in
            guard let transfer = unsafe easy.calledBack else { return other }
            return unsafe transfer._withUnsafeGuaranteedRef(body)
        }
    }

    // What libcurl knows of the transfer under way, or of the last one.

    func number(_ info: CURLINFO) -> Int {
        var value: curl_off_t = 0
        unsafe _ = minato_curl_get_offset(pointer, info, &value)
        return Int(value)
    }

    func long(_ info: CURLINFO) -> Int {
        var value = 0
        unsafe _ = minato_curl_get_long(pointer, info, &value)
        return value
    }

    /// The port on this side of the connection under way, 0 for none.
    var localPort: Int { long(CURLINFO_LOCAL_PORT) }

    /// A text of libcurl's, which lives until the handle is used again.
    func text(_ info: CURLINFO) -> UnsafePointer<CChar>? {
        var value: UnsafePointer<CChar>?
        return unsafe minato_curl_get_string(pointer, info, &value) == CURLE_OK ? value : nil
    }

    /// The socket of the connection in use, or -1. To be asked before the handle is taken off its multi handle.
    var socket: curl_socket_t {
        var socket: curl_socket_t = -1
        unsafe _ = minato_curl_get_socket(pointer, CURLINFO_ACTIVESOCKET, &socket)
        return socket
    }
}
