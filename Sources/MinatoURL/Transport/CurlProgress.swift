internal import CLibcurl

/// Watches whether a transfer moves: each sign of life starts the timeout anew, as each call on a socket does in Python.
struct CurlProgress {
    /// Longer than this is not worth a timer; it also keeps the sums below in range.
    private static let longest = Duration.seconds(10 * 366 * 86400)

    private let timeout: Duration?
    private var deadline: SuspendingClock.Instant
    private var receivedCount = 0
    private var sentCount = 0
    /// Whether name, connection and TLS are done, so that the request itself is under way.
    private(set) var isConnected = false

    init(_ timeout: Duration?) {
        self.timeout = timeout.flatMap { $0 < Self.longest ? $0 : nil }
        deadline = SuspendingClock.now.advanced(by: self.timeout ?? Self.longest)
    }

    /// Looks at what has moved since the last time.
    mutating func note(_ handle: CurlHandle, receivedCount: Int) {
        var sent: curl_off_t = 0
        unsafe _ = minato_curl_get_offset(handle.easy, CURLINFO_SIZE_UPLOAD_T, &sent)
        var connected: curl_off_t = 0
        unsafe _ = minato_curl_get_offset(handle.easy, CURLINFO_PRETRANSFER_TIME_T, &connected)
        guard (receivedCount, Int(sent), connected > 0) != (self.receivedCount, sentCount, isConnected) else { return }
        (self.receivedCount, sentCount, isConnected) = (receivedCount, Int(sent), connected > 0)
        deadline = SuspendingClock.now.advanced(by: timeout ?? Self.longest)
    }

    /// How long to wait at most, rounded up; nil when the time is over.
    var milliseconds: Int32? {
        // Without a timeout libcurl's own timers decide; a minute bounds what a lost wake-up would cost.
        guard timeout != nil else { return 60_000 }
        let left = SuspendingClock.now.duration(to: deadline)
        return left > .zero ? Int32(clamping: min(Self.milliseconds(left), 60_000)) : nil
    }

    /// Whole milliseconds, rounded up, at least 1.
    static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        guard seconds < 2_000_000 else { return 2_000_000_000 }
        return max(1, Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}
