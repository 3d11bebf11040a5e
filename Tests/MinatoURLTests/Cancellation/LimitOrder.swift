import MinatoSocket
import TestSupport

@testable import MinatoURL

/// Whether something on a loop ends at its limit of time, and not more than 0.1 s later: no sooner by the clock, and no later by
/// the order in which the loop comes to a timer that was set after. That is the same however late the loop is, as long as the
/// limit begins when something happens, and not when the loop looks.
final class LimitOrder: Sendable {
    static let right = ["before", "end", "after"]

    private let loop: EventLoop
    private let limit: Duration
    private let delay: Duration
    private let kept = Outcome.Kept<String>()

    /// - Parameters:
    ///   - limit: The limit.
    ///   - delay: How much later than that it may be.
    init(
        on loop: EventLoop, limit: Duration = .milliseconds(300), delay: Duration = .milliseconds(100)
    ) {
        self.loop = loop
        self.limit = limit
        self.delay = delay
    }

    /// What has happened, in order.
    var names: [String] { kept.values }

    /// Begins what is to end by its limit, which begins no sooner than this.
    func begin(
        _ body: @escaping @Sendable (_ limit: Duration) async throws -> Void
    ) -> Task<OpenError?, Never> {
        // No later than the limit of what begins now: it is over before that.
        let early = Deadline.after(limit)
        return Task(executorPreference: loop) { [limit, kept] in
            var result: OpenError?
            do { try await body(limit) } catch { result = error as? OpenError }
            // By the clock and by no timer: an event of the socket ends it as well, and a loop that is late may come to that first.
            if early.hasPassed { kept.append("before") }
            kept.append("end")
            return result
        }
    }

    /// Waits for its end. When this is called, the limit has begun.
    func end(of task: Task<OpenError?, Never>) async -> OpenError? {
        let late = Deadline.after(limit + delay)
        let mark = Task(executorPreference: loop) { [loop, kept] in await Self.mark("after", kept, loop, late) }
        let error = await task.value
        await mark.value
        return error
    }

    private static func mark(
        _ name: String, _ kept: Outcome.Kept<String>, _ loop: EventLoop, _ time: Deadline
    ) async {
        do { try await loop.sleep(until: time) } catch { return }
        kept.append(name)
    }
}
