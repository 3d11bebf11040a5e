internal import MinatoLoop

/// A hop that a thread of its own carries out for the task that opened it and those that read its body.
///
/// For FTP, where libcurl waits for some replies inside its functions: an event loop would wait with it.
final class ThreadTransfer: BodyDriver {
    private struct State {
        /// Whether somebody has asked for more since the thread looked last.
        var isWanted = true
        var isGivenUp = false
    }

    let pipe: BodyPipe
    private let driver: BlockingCurlDriver
    private let state = Guarded(State())

    init(_ driver: BlockingCurlDriver) {
        self.driver = driver
        pipe = driver.transfer.pipe
    }

    /// Sends the request and waits for the head of its response.
    nonisolated(nonsending) func begin() async throws(OpenError) -> URLOpener.ResponseHead {
        if Task.isCancelled { throw error(.cancelled, "the task was cancelled") }
        do throws(SocketError) {
            try Thread.start(.transferThread) { self.run() }
        } catch {
            throw OpenError(
                .transport, .prepare, url: pipe.url, detail: "no thread: \(error)", systemCode: error.code.rawValue)
        }
        return try await pipe.waitForHead(driver: self)
    }

    /// What the thread does: fills the pipe whenever somebody wants more, until the transfer has ended.
    private func run() {
        do throws(OpenError) {
            _ = try driver.begin()
        } catch {
            pipe.finish(.failed(error))
        }
        while state.wait(for: { state in state.isGivenUp || state.isWanted ? state : nil })?.isGivenUp == false {
            if pipe.rest.isAtEnd { break }
            state.withLock { $0.isWanted = false }
            do throws(OpenError) {
                try driver.fill()
            } catch {
                // The reader's patience is over, not the transfer.
                state.withLock { $0.isWanted = true }
                pipe.interrupt(error)
            }
        }
        driver.abandon()
    }

    func demand() { readerWaits() }

    func readerWaits() {
        state.withLockAndWake { $0.isWanted = true }
        driver.wake()
    }

    func giveUp(_ reason: GivingUp) {
        switch reason {
        case .cancelled: pipe.finish(.failed(error(.cancelled, "the task was cancelled")))
        case .closed: pipe.close()
        }
        driver.stop()
        state.withLockAndWake { $0.isGivenUp = true }
    }

    func drive(until count: Int?, limit: Duration?) throws(OpenError) {
        throw error(.badRequest, "the response belongs to a task")
    }

    private func error(_ code: OpenError.Code, _ detail: String) -> OpenError {
        OpenError(code, pipe.moment.hasHead ? .read : .open, url: pipe.url, detail: detail)
    }
}
