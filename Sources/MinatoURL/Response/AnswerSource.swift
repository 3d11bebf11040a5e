internal import MinatoLoop

/// Gives the body of a handler's answer, a piece whenever a reader waits for one.
final class AnswerSource: BodyDriver {
    private struct State {
        /// Taken out while it runs, so that giving up waits for nobody.
        var next: (@Sendable () throws -> [UInt8])?
        var isGivenUp = false
    }

    private let state: Guarded<State>
    private let pipe: BodyPipe

    init(_ next: @escaping @Sendable () throws -> [UInt8], _ pipe: BodyPipe) {
        state = Guarded(State(next: next))
        self.pipe = pipe
    }

    func demand() {}

    func readerWaits() {
        while pipe.moment.waitingSince != nil { produce() }
    }

    func drive(until count: Int?, limit: Duration?) throws(OpenError) {
        _ = pipe.makeRoom(for: count ?? 0)
        while !pipe.isReady(count) { produce() }
    }

    func giveUp(_ reason: GivingUp) {
        switch reason {
        case .closed: pipe.close()
        case .cancelled:
            pipe.finish(.failed(OpenError(.cancelled, .read, url: pipe.url, detail: "the task was cancelled")))
        }
        let next = state.withLock { state in
            state.isGivenUp = true
            return state.next.take()
        }
        _ = next
    }

    private func produce() {
        // Nobody has it only when the body has ended: readers come one at a time.
        guard let next = state.withLock({ state in state.next.take() }) else { return }
        do {
            let bytes = try next()
            guard !bytes.isEmpty else {
                pipe.finish(.complete)
                return
            }
            // There is room: somebody waits for more than there is.
            pipe.offer(bytes)
            state.withLock { state in
                if !state.isGivenUp { state.next = next }
            }
        } catch let error as OpenError {
            pipe.finish(.failed(error))
        } catch {
            let detail = "what makes the body of the answer failed"
            pipe.finish(.failed(OpenError(.bodyFailed, .read, url: pipe.url, detail: detail, cause: error)))
        }
    }
}
