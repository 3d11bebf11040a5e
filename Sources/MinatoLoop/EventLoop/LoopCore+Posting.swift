internal import CMinato

// What other threads may ask of a loop.

extension LoopCore {
    /// Takes a job of a task that prefers this loop.
    @inline(__always)
    package func enqueue(_ job: UnownedJob) {
        if isCurrent {
            if unsafe threadMemory.pointee.goesBehind {
                thread.behind.append(job)
            } else {
                thread.jobs.append(job)
            }
        } else if !leave(.job(job)) {
            // The loop has ended and the task has not: it goes on in the global pool.
            globalConcurrentExecutor.enqueue(ExecutorJob(job))
        }
    }

    /// Runs `body` on the loop's thread, at once when this is it. False when the loop has ended: then it was not run.
    @discardableResult
    package func post(_ body: @escaping @Sendable () -> Void) -> Bool {
        if isCurrent {
            body()
            return true
        }
        return leave(.call(body))
    }

    private func leave(_ item: Remote) -> Bool {
        // In a forked child the lock may be held for ever, and the wake-up would reach the parent.
        if isForked { return false }
        let (isTaken, mustKick) = inbox.withLock { inbox in
            if inbox.hasEnded { return (false, false) }
            inbox.items.append(item)
            defer { inbox.isAsleep = false }
            return (true, inbox.isAsleep)
        }
        if mustKick { unsafe minato_poller_wake(poller) }
        return isTaken
    }

    /// Has the loop end: its sources are told, and its thread returns.
    func stop() {
        if isForked { return }
        let mustKick = inbox.withLock { inbox in
            if inbox.isStopping || inbox.hasEnded { return false }
            inbox.isStopping = true
            inbox.isAsleep = false
            return true
        }
        if mustKick { unsafe minato_poller_wake(poller) }
    }
}
