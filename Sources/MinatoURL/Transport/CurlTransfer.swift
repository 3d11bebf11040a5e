internal import CLibcurl
internal import MinatoSocket
internal import Synchronization

/// One hop under way on a handle of libcurl: the head first, then the body as it is asked for.
///
/// The thread that waits drives libcurl; between calls nothing moves. `begin`, `receive` and `close` are called by one thread at
/// a time (``URLOpener/BlockingBody`` sees to it); `interrupt` comes from any.
final class CurlTransfer: BlockingSource, @unchecked Sendable {
    /// How much libcurl reads at once, and how much waits here for a reader.
    static let bufferSize = 256 * 1024
    private static let connectTimeout = Duration.seconds(30)

    let url: String
    private let origin: Origin
    private let transport: CurlTransport
    /// The handle, or nil once it was given back.
    private var handle: CurlHandle?
    /// The handle again, for waking the thread that waits on it: taken away before anybody else can use it.
    private let wakeable: Guarded<CurlHandle?>
    private let isInterrupted = Atomic(false)

    // What the callbacks of libcurl fill, which run only inside its calls.
    private var parser = ResponseHeadParser()
    private var problem: ResponseHeadParser.Problem?
    private var incoming = ByteQueue()
    private var highWater = CurlTransfer.bufferSize
    private var isPaused = false
    private var receivedCount = 0

    /// How the transfer ended, or nil while it goes on.
    private var result: CURLcode?
    /// The error that ended it, for every read that comes later.
    private var failure: OpenError?

    init(_ request: URLOpener.Request, handle: CurlHandle, transport: CurlTransport) {
        url = request.url
        origin = request.location.origin
        self.transport = transport
        self.handle = handle
        wakeable = Guarded(handle)
    }

    deinit {
        release()
    }

    /// Sends the request and waits for the head of its response.
    func begin(_ request: URLOpener.Request, timeout: Duration?) throws(OpenError) -> URLOpener.ResponseHead {
        guard let handle else { throw closedError }
        var options = CurlOptions(handle)
        unsafe curl_easy_reset(handle.easy)
        options.setPolicy()
        options.setRequest(request, on: handle)
        options.set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(timeout ?? Self.connectTimeout))
        // What has arrived on an idle connection was not asked for: the connection is finished, or poisoned.
        if !handle.isConnectionQuiet { options.set(CURLOPT_FRESH_CONNECT, 1) }
        setCallbacks(&options)
        if options.refusal == CURLE_OK, unsafe curl_multi_add_handle(handle.multi, handle.easy) != CURLM_OK {
            options.note(CURLE_FAILED_INIT)
        }
        guard options.refusal == CURLE_OK else {
            throw CurlFailure(code: options.refusal, handle: handle).error(.prepare, url: url)
        }
        try drive(timeout, .open) { self.parser.head != nil }
        // The head may be complete and the transfer broken in one step: then the body tells.
        guard let head = parser.head else { throw end() ?? emptyError }
        return head
    }

    func receive(into queue: inout ByteQueue, until count: Int, timeout: Duration?) throws(OpenError) -> Bool {
        // What came with the head is first in line.
        if incoming.count > 0 { queue.append(contentsOf: incoming.take(.max)) }
        // From here libcurl's callback appends to the caller's own storage, so that bytes are copied once.
        swap(&queue, &incoming)
        defer { swap(&queue, &incoming) }
        if incoming.count >= count { return false }
        if let failure { throw failure }
        guard handle != nil else { return true }
        highWater = max(count, Self.bufferSize)
        try drive(timeout, .read) { self.incoming.count >= count }
        guard result != nil else { return false }
        if let error = end() {
            failure = error
            if incoming.count < count { throw error }
            return false
        }
        return true
    }

    func close() {
        if failure == nil && handle != nil { failure = closedError }
        release()
    }

    func interrupt() {
        isInterrupted.store(true, ordering: .releasing)
        wakeable.withLock { handle in
            if let handle { unsafe curl_multi_wakeup(handle.multi) }
        }
    }

    /// Runs libcurl until the condition holds or the transfer has ended, and no longer than `timeout` without progress.
    private func drive(
        _ timeout: Duration?, _ operation: OpenError.Operation, until isDone: () -> Bool
    ) throws(OpenError) {
        guard let handle else { throw closedError }
        var progress = CurlProgress(timeout)
        while true {
            if isInterrupted.load(ordering: .acquiring) { throw closedError }
            handle.withoutSIGPIPE { step(handle) }
            if result != nil || isDone() { return }
            progress.note(handle, receivedCount: receivedCount)
            guard let wait = progress.milliseconds else {
                let phase = operation == .open && !progress.isConnected ? .connect : operation
                throw OpenError(.timedOut, phase, url: url, detail: "nothing moved for \(timeout ?? .zero)")
            }
            unsafe curl_multi_poll(handle.multi, nil, 0, wait, nil)
        }
    }

    private func step(_ handle: CurlHandle) {
        if isPaused && incoming.count < highWater {
            isPaused = false
            unsafe curl_easy_pause(handle.easy, CURLPAUSE_CONT)
        }
        var running: Int32 = 0
        let code = unsafe curl_multi_perform(handle.multi, &running)
        var ended = CURLE_OK
        if unsafe minato_curl_multi_finished(handle.multi, &ended) {
            result = ended
        } else if code != CURLM_OK {
            result = CURLE_FAILED_INIT
        }
    }

    /// After the end: gives the handle back, and says what went wrong, if anything did.
    private func end() -> OpenError? {
        guard let handle, let result else { return nil }
        defer { release() }
        if result == CURLE_OK && problem == nil { return nil }
        let failure = CurlFailure(code: result, handle: handle, problem: problem, parser: parser)
        return failure.error(parser.head == nil ? .open : .read, url: url)
    }

    private func release() {
        guard let handle else { return }
        wakeable.withLock { $0 = nil }
        self.handle = nil
        // A transfer that is given up may be complete all the same, when its reader did not want all of it.
        let isComplete = result == CURLE_OK && problem == nil
        if isComplete { handle.noteConnection(to: origin, isFramed: parser.head?.httpVersion == "2") }
        handle.detach()
        // Otherwise the handle goes, and with it whatever its connection still holds.
        if isComplete { transport.giveBack(handle) }
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        CurlProgress.milliseconds(duration)
    }

    private var closedError: OpenError {
        OpenError(.closed, .read, url: url, detail: "the response was closed")
    }

    private var emptyError: OpenError {
        OpenError(.emptyReply, .open, url: url, detail: "the server sent no response")
    }
}

// The callbacks of libcurl.
extension CurlTransfer {
    private func setCallbacks(_ options: inout CurlOptions) {
        guard let handle else { return }
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe handle.message.pointee = 0
        options.note(unsafe minato_curl_set_error_buffer(handle.easy, handle.message))
        let head = unsafe minato_curl_set_head_function(
            handle.easy,
            { bytes, size, count, context in
                guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
                let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
                return unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().takeHead(Array(line))
            }, context)
        options.note(head)
        let body = unsafe minato_curl_set_body_function(
            handle.easy,
            { bytes, size, count, context in
                guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
                let piece = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
                return unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().takeBody(piece)
            }, context)
        options.note(body)
    }

    /// Takes a line of the head.
    ///
    /// Any other number than its length makes libcurl give up.
    private func takeHead(_ line: [UInt8]) -> Int {
        receivedCount += line.count
        do throws(ResponseHeadParser.Problem) {
            try parser.take(line)
        } catch {
            problem = error
            return -1
        }
        if parser.mustClose, let handle { unsafe _ = minato_curl_set_long(handle.easy, CURLOPT_FORBID_REUSE, 1) }
        return line.count
    }

    /// Takes bytes of the body, or makes libcurl keep them until the reader has made room.
    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard incoming.count < highWater else {
            isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        }
        receivedCount += bytes.count
        unsafe incoming.append(contentsOf: bytes)
        return bytes.count
    }
}
