internal import CMinato
@_spi(Loops) internal import MinatoLoop

/// A hop that runs on an event loop, for the task that opened it and those that read its body.
///
/// **Threads.** What ``BodyDriver`` has is for every thread, and `begin` for the task; the rest is for the loop's thread.
@safe
final class LoopTransfer: LoopSource, BodyDriver, @unchecked Sendable {
    let pipe: BodyPipe
    let transfer: CurlTransfer
    private let loop: CurlLoop
    /// Where it is among the transfers of its loop, which says so; nil when it is not.
    var place: Int?

    init(
        _ request: URLOpener.Request, _ limits: HopLimits, _ configuration: URLOpener.SharedConfiguration,
        on loop: CurlLoop
    ) throws(OpenError) {
        let setting = CurlSetting(request, limits)
        guard let easy = loop.takeEasy(for: setting) else { throw CurlTransport.exhausted(request.url) }
        transfer = CurlTransfer(request, limits, configuration, easy: easy, setting: setting, on: loop.core)
        pipe = transfer.pipe
        self.loop = loop
        super.init()
    }

    /// Sends the request and waits for the head of its response.
    @inline(__always)
    nonisolated(nonsending) func begin() async throws(OpenError) -> URLOpener.ResponseHead {
        // A task that is cancelled already opens no connection.
        if Task.isCancelled { throw error(.cancelled, "the task was cancelled") }
        try transfer.openBody()
        // Here, so that it inherits from this task.
        (transfer.feed as? StreamFeed)?.start(for: self)
        if loop.core.isCurrent {
            loop.begin(self)
        } else if !loop.core.post({ self.loop.begin(self) }) {
            pipe.finish(.failed(loop.closedError(pipe.url)))
            transfer.end()
        }
        return try await pipe.waitForHead(driver: self)
    }

    /// There is more of the request's body. From any thread.
    func resumeSending() {
        loop.core.post {
            self.loop.resumeSending(self)
            self.look()
        }
    }

    func demand() {
        loop.core.post {
            self.loop.resume(self)
            self.look()
        }
    }

    func giveUp(_ reason: GivingUp) {
        // The reader does not wait for the loop.
        let wasGoing =
            switch reason {
            case .cancelled: pipe.finish(.failed(error(.cancelled, "the task was cancelled")))
            case .closed: pipe.close()
            }
        // What has ended is off the loop already.
        if wasGoing { loop.core.post { self.loop.end(self) } }
    }

    func drive(until count: Int?, limit: Duration?) throws(OpenError) {
        throw error(.badRequest, "the response belongs to an event loop")
    }

    /// Looks whether a limit is over, and sets the timer to when the next one may be.
    func look() {
        guard loop.isActive(self) else { return }
        switch transfer.clock.verdict(at: minato_clock_now(), transfer.moment) {
        case .wait(let time):
            if time < .max { loop.core.setTimer(self, time) } else { loop.core.cancelTimer(self) }
        case .over(let over):
            let error = over.error(transfer.operation, url: pipe.url)
            if over.isFinal {
                pipe.finish(.failed(error))
                loop.end(self)
            } else {
                pipe.interrupt(error)
                look()
            }
        }
    }

    override func timeIsOver(_ now: Int64) { look() }

    private func error(_ code: OpenError.Code, _ detail: String) -> OpenError {
        OpenError(code, transfer.pipe.moment.hasHead ? .read : .open, url: pipe.url, detail: detail)
    }
}
