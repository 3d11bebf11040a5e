internal import CLibcurl
internal import CMinato

/// A multi handle of libcurl with the one easy handle that runs on it, and the connection that both keep between transfers.
///
/// Used by one transfer at a time. It has room for one idle connection, so that what is known of that connection (its
/// origin, its socket) is known of the handle.
@safe
final class CurlHandle: @unchecked Sendable {
    let multi: UnsafeMutableRawPointer
    let easy: UnsafeMutableRawPointer
    /// Where libcurl writes its last message.
    let message: UnsafeMutablePointer<CChar>
    /// The fields of the transfer under way, which libcurl does not copy.
    private var fields: UnsafeMutablePointer<curl_slist>?

    /// What the idle connection leads to, or nil when there is none.
    private(set) var origin: Origin?
    private var idleSocket: curl_socket_t = -1

    /// libcurl asks for one call before all others; initializing a static value happens once, whatever the threads do.
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// Makes a handle; nil when there is no memory or no descriptor left.
    init?() {
        guard Self.isReady, let multi = unsafe curl_multi_init() else { return nil }
        guard let easy = unsafe curl_easy_init() else {
            unsafe curl_multi_cleanup(multi)
            return nil
        }
        unsafe self.multi = unsafe multi
        unsafe self.easy = unsafe easy
        unsafe message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe minato_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 1)
    }

    deinit {
        withoutSIGPIPE {
            unsafe curl_easy_cleanup(easy)
            unsafe curl_multi_cleanup(multi)
        }
        unsafe curl_slist_free_all(fields)
        unsafe message.deallocate()
    }

    /// Whether the idle connection leads to the origin.
    func leads(to origin: Origin) -> Bool {
        self.origin == origin
    }

    /// Whether the idle connection may be used: nothing has arrived on it.
    ///
    /// Checked right before it is used.
    var isConnectionQuiet: Bool {
        !minato_curl_socket_is_readable(idleSocket)
    }

    /// Takes the list of fields; it lives until the transfer has ended.
    func keep(_ list: UnsafeMutablePointer<curl_slist>?) {
        unsafe fields = unsafe list
    }

    /// Notes what the transfer that just ended leaves behind.
    ///
    /// The message of its end has been read, and the easy handle is still on the multi handle: only then libcurl tells
    /// the socket.
    ///
    /// HTTP/2 is framed: what arrives while it is idle belongs to no response, and libcurl looks after it.
    func noteConnection(to origin: Origin, isFramed: Bool) {
        var socket: curl_socket_t = -1
        unsafe _ = minato_curl_get_socket(easy, CURLINFO_ACTIVESOCKET, &socket)
        self.origin = socket >= 0 ? origin : nil
        idleSocket = isFramed ? -1 : socket
    }

    /// Takes the easy handle off, which closes the connection when the transfer is not done.
    func detach() {
        withoutSIGPIPE {
            unsafe curl_multi_remove_handle(multi, easy)
            // Our pointers must not stay in it beyond the transfer.
            unsafe curl_easy_reset(easy)
        }
        unsafe curl_slist_free_all(fields)
        unsafe fields = nil
    }

    /// Runs libcurl code that may write to a connection: without SIGPIPE, whoever handles or ignores it otherwise.
    ///
    /// OpenSSL writes without MSG_NOSIGNAL, and with CURLOPT_NOSIGNAL libcurl no longer ignores the signal itself.
    func withoutSIGPIPE<Result>(_ body: () -> Result) -> Result {
        var guarded = minato_sigpipe_guard()
        unsafe minato_sigpipe_begin(&guarded)
        defer { unsafe minato_sigpipe_end(&guarded) }
        return body()
    }
}
