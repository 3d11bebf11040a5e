/// What receives a body and fills its ``BodyPipe``.
package protocol BodyDriver: AnyObject, Sendable {
    /// There is room again in the pipe, or a task waits with a limit: look at both. From any thread; returns at once.
    func demand()

    /// A task has begun to wait. For those that receive only then. From any thread; returns at once.
    func readerWaits()

    /// Gives up the rest of the body, or the wait for the head, and ends the pipe. From any thread, any number of times;
    /// returns at once.
    func giveUp(_ reason: GivingUp)

    /// Receives in the calling thread until the pipe is ready for it (``BodyPipe/isReady(_:)``). For the blocking face.
    ///
    /// - Parameters:
    ///   - count: How many bytes it waits for; nil when it has set a sink.
    ///   - limit: How long at most.
    /// - Throws: `timedOut` when the limit or the transfer's own timeout is over. How the body ended is in the pipe.
    func drive(until count: Int?, limit: Duration?) throws(OpenError)
}

extension BodyDriver {
    /// Nothing is to be done: what comes is received anyway.
    package func readerWaits() {}
}

/// Why somebody gives up a body.
package enum GivingUp: Sendable {
    /// Its reader closed it, or let go of it.
    case closed
    /// The task that read was cancelled.
    case cancelled
}
