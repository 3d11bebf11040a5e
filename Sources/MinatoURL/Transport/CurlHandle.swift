internal import CLibcurl

/// A multi handle of libcurl with the one easy handle that runs on it, and the connection that both keep between transfers:
/// what a blocking transfer runs on.
///
/// Used by one transfer at a time. It has room for one idle connection, so that what is known of that connection (its
/// origin, its socket) is known of the handle.
@safe
final class CurlHandle: @unchecked Sendable {
    let multi: UnsafeMutableRawPointer
    let easy: CurlEasy
    private let key: PoolKey

    /// What the idle connection leads to, or nil when there is none.
    private(set) var origin: Origin?
    private var idleSocket: curl_socket_t = -1

    /// Makes a handle; nil when there is no memory or no descriptor left.
    init?(_ key: PoolKey) {
        self.key = key
        guard let easy = CurlEasy(CurlCommon()), let multi = unsafe CurlMulti.open() else { return nil }
        unsafe self.multi = unsafe multi
        self.easy = easy
        unsafe minato_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 1)
    }

    deinit {
        if !isForeign { unsafe curl_multi_cleanup(multi) }
    }

    /// Whether this is a child that was forked off the process of its connections. libcurl would say goodbye on them, and with TLS the
    /// server would believe it; so they are left alone, and with them what they have of memory.
    var isForeign: Bool { easy.isForeign }

    /// Whether the idle connection is one for a request.
    func suits(_ request: URLOpener.Request) -> Bool {
        origin == request.location.origin && key == PoolKey(request)
    }

    /// Whether it has no connection, and may have one for requests with a key.
    func isFree(for key: PoolKey) -> Bool { origin == nil && key == self.key }

    /// Whether the idle connection may be used: nothing has arrived on it. Otherwise it is ended, as its server may serve nobody
    /// else before.
    ///
    /// Asked right before it is used.
    func isConnectionQuiet() -> Bool {
        guard minato_curl_socket_is_readable(idleSocket) else { return true }
        minato_curl_end_socket(idleSocket)
        return false
    }

    /// Notes what the transfer that just ended leaves behind.
    ///
    /// The message of its end has been read, and the easy handle is still on the multi handle: only then libcurl tells
    /// the socket.
    ///
    /// HTTP/2 is framed: what arrives while it is idle belongs to no response, and libcurl looks after it.
    func noteConnection(to origin: Origin, isFramed: Bool) {
        let socket = easy.socket
        self.origin = socket >= 0 ? origin : nil
        idleSocket = isFramed ? -1 : socket
    }

    /// Takes the easy handle off, which closes the connection when the transfer is not done.
    ///
    /// - Parameter keepsSetting: Whether what is set may stay for the next transfer.
    func detach(keepsSetting: Bool) {
        if isForeign { return }
        unsafe curl_multi_remove_handle(multi, easy.pointer)
        easy.rest(keepsSetting: keepsSetting)
    }
}
