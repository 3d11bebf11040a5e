internal import CLibcurl

/// The TLS sessions that the transfers of one multi handle have had, for the handshakes of later ones, which are shorter by them:
/// a share of libcurl, as an easy handle of its own knows only those of its own connections.
///
/// libcurl uses a session only for the same host and port, and with the same demands on the certificate.
///
/// **Threads.** Of any: libcurl locks what is shared.
@safe
final class CurlSessions: @unchecked Sendable {
    let share: UnsafeMutableRawPointer
    private let locks: UnsafeMutablePointer<minato_curl_locks>

    /// Makes an empty one; nil when there is no memory.
    init?() {
        guard CurlEasy.isReady, let locks = unsafe minato_curl_locks_new() else { return nil }
        guard let share = unsafe minato_curl_share_sessions(locks) else {
            unsafe minato_curl_locks_free(locks)
            return nil
        }
        unsafe self.locks = unsafe locks
        unsafe self.share = unsafe share
    }

    deinit {
        // Each handle that uses it keeps it: none is left.
        unsafe curl_share_cleanup(share)
        unsafe minato_curl_locks_free(locks)
    }
}
