internal import CLibcurl
internal import CMinato
internal import MinatoLoop
internal import Synchronization

/// Drives a transfer in the threads that wait for it; between their calls nothing moves.
final class BlockingCurlDriver: BodyDriver, @unchecked Sendable {
    /// Longer than this libcurl is not let alone: it bounds what a lost wake-up would cost.
    private static let longestWait: Int64 = 60_000

    let transfer: CurlTransfer
    private let transport: CurlTransport
    /// The handle, or nil once the transfer is over. Its lock is held by the thread that drives.
    private let handle: Guarded<CurlHandle?>
    /// The handle again, for waking the thread that waits on it: taken away before anybody else can use it.
    private let wakeable: Guarded<CurlHandle?>
    private let isGivenUp = Atomic(false)

    init(
        _ request: URLOpener.Request, _ limits: HopLimits, _ configuration: URLOpener.SharedConfiguration,
        handle: CurlHandle,
        transport: CurlTransport
    ) {
        transfer = CurlTransfer(
            request, limits, configuration, easy: handle.easy, setting: CurlSetting(request, limits), on: nil)
        self.transport = transport
        self.handle = Guarded(handle)
        wakeable = Guarded(handle)
    }

    deinit {
        giveUp(.closed)
    }

    /// Sends the request and waits for the head of its response.
    func begin() throws(OpenError) -> URLOpener.ResponseHead {
        try handle.withLock { (handle) throws(OpenError) in
            guard let handle else { return }
            try transfer.openBody()
            try transfer.prepare { options in
                // What has arrived on an idle connection was not asked for: the connection is finished, or poisoned.
                options.set(CURLOPT_FRESH_CONNECT, handle.isConnectionQuiet() ? 0 : 1)
                self.transfer.setCloseFunction(&options)
            }
            guard unsafe curl_multi_add_handle(handle.multi, handle.easy.pointer) == CURLM_OK else {
                throw OpenError(
                    .transport, .prepare, url: self.transfer.request.url, detail: "libcurl takes no transfer")
            }
        }
        try run((minato_clock_now(), .none)) { pipe in pipe.moment.hasHead }
        return try transfer.pipe.takeHead()
    }

    func drive(until count: Int?, limit: Duration?) throws(OpenError) {
        _ = transfer.pipe.makeRoom(for: count ?? 0)
        try run((minato_clock_now(), .after(limit))) { pipe in pipe.isReady(count) }
    }

    /// Receives in the calling thread until there is no more room, or the body has ended, for a task that may wait for it.
    ///
    /// - Throws: `timedOut` when that task has waited for too long.
    func fill() throws(OpenError) {
        try run(nil) { pipe in !pipe.hasRoom }
    }

    func demand() {}

    func giveUp(_ reason: GivingUp) {
        transfer.pipe.close()
        abandon()
    }

    /// Gives up whatever is left, with the thread that drives; the pipe stays as it is.
    func abandon() {
        // In a forked child nobody drives, and the lock of the thread that did so may be taken for ever.
        if transfer.easy.isForeign { return }
        stop()
        handle.withLock { handle in release(&handle) }
    }

    /// Has the thread that drives leave as soon as it can. Waits for nobody.
    func stop() {
        if transfer.easy.isForeign { return }
        isGivenUp.store(true, ordering: .releasing)
        transfer.sockets?.shutDown()
        wake()
    }

    /// Has the thread that drives look at the limits again.
    func wake() {
        wakeable.withLock { handle in
            if let handle { unsafe _ = curl_multi_wakeup(handle.multi) }
        }
    }

    /// Runs libcurl until the condition holds or the transfer has ended, and no longer than the limits allow.
    ///
    /// - Parameter wait: When the wait of this thread began, and when it ends; nil for a thread that works for a task, whose
    ///   wait the pipe knows.
    private func run(_ wait: (since: Int64, limit: Deadline)?, until isDone: (BodyPipe) -> Bool) throws(OpenError) {
        try handle.withLock { (current) throws(OpenError) in
            // Without a handle it has ended, and the pipe knows how.
            while let handle = current, !self.isGivenUp.load(ordering: .acquiring) {
                let mark = self.transfer.pipe.moment.lastProgress
                self.step(handle, &current, isDone)
                if current == nil || isDone(self.transfer.pipe) { return }
                var moment = self.transfer.moment
                if let wait { (moment.waitingSince, moment.waitLimit) = (wait.since, wait.limit) }
                switch self.transfer.clock.verdict(at: minato_clock_now(), moment) {
                case .wait(let time):
                    // With HTTP/2 libcurl 7.88 may have more in its own buffers, of which no socket tells: it is asked again until
                    // nothing comes. And what has no room for all that may follow pauses, though there is some for this thread.
                    let hasMore =
                        self.transfer.isFramed && self.transfer.pipe.moment.lastProgress != mark
                        || self.transfer.isPaused && self.transfer.pipe.hasRoom
                    var left = hasMore ? 0 : max(0, time - minato_clock_now())
                    switch self.transfer.nextStep(hasMore: hasMore) {
                    case .wait(let longest): left = min(left, longest)
                    case .goOn: continue
                    case .end(let code): return self.end(&current, code)
                    }
                    let wait = min(left / 1_000_000 + (left % 1_000_000 > 0 ? 1 : 0), Self.longestWait)
                    if unsafe curl_multi_poll(handle.multi, nil, 0, Int32(wait), nil) != CURLM_OK {
                        // It would fail again at once, and the loop would spin.
                        return self.end(&current, CURLE_UNRECOVERABLE_POLL)
                    }
                    let code = self.transfer.goOnAfterWait()
                    if code != CURLE_OK { return self.end(&current, code) }
                case .over(let over):
                    let error = over.error(self.transfer.operation, url: self.transfer.request.url)
                    if over.isFinal {
                        self.transfer.pipe.finish(.failed(error))
                        self.release(&current)
                    }
                    throw error
                }
            }
        }
    }

    /// Lets libcurl do what can be done, and lets go of the handle when the transfer has ended.
    private func step(_ handle: CurlHandle, _ current: inout CurlHandle?, _ isDone: (BodyPipe) -> Bool) {
        var code = CURLM_OK
        let isResumed = transfer.isPaused
        var ended = transfer.resume()
        // What was kept back is read first. There would be no room for it and for what libcurl receives now.
        if isResumed, ended == CURLE_OK, isDone(transfer.pipe) { return }
        if ended == CURLE_OK {
            var running: Int32 = 0
            code = unsafe curl_multi_perform(handle.multi, &running)
        }
        if ended == CURLE_OK, unsafe minato_curl_multi_next_finished(handle.multi, &ended) == nil {
            guard code != CURLM_OK else { return }
            ended = CURLE_FAILED_INIT
        }
        end(&current, ended)
    }

    private func end(_ current: inout CurlHandle?, _ code: CURLcode) {
        transfer.finish(code)
        release(&current)
    }

    private func release(_ current: inout CurlHandle?) {
        guard let handle = current else { return }
        wakeable.withLock { $0 = nil }
        current = nil
        if transfer.keepsConnection {
            handle.noteConnection(to: transfer.request.location.origin, isFramed: transfer.isFramed)
        }
        handle.detach(keepsSetting: transfer.keepsConnection)
        transfer.end()
        // Otherwise the handle goes, and with it whatever its connection still holds.
        if transfer.keepsConnection { transport.giveBack(handle) }
    }
}
