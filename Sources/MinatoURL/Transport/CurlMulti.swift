internal import CLibcurl
internal import CMinato
internal import MinatoLoop

/// Makes multi handles of libcurl, none of whose descriptors is inherited by programs that are started.
///
/// One after the other: which numbers libcurl gets for its descriptors is guessed, and two threads would get each other's.
@safe
enum CurlMulti {
    private static let turn = Lock()
    private static let forks = minato_thread_forks()

    /// Makes a handle; nil when there is no memory or no descriptor left.
    static func open() -> UnsafeMutableRawPointer? {
        // In a forked child the lock of a thread that is not there may be taken for ever.
        guard minato_thread_forks() == forks else { return unsafe minato_curl_multi_open() }
        return unsafe turn.withLock { unsafe minato_curl_multi_open() }
    }
}
