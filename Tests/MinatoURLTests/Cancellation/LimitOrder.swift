import MinatoSocket
import TestSupport

@testable import MinatoURL

/// Whether something on a loop ends at its limit of time, and not more than 0.1 s later: told by the order in which the loop
/// comes to timers that were set before and after. That is the same however late the loop is, as long as the limit begins when
/// something happens, and not when the loop looks.
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
        return Task(executorPreference: loop) { [loop, limit, kept] in
            // A job of the loop until it suspends, so that this timer is set before any of the other's.
            async let mark: Void = Self.mark("before", kept, loop, early)
            await Task.yield()
            var result: OpenError?
            do { try await body(limit) } catch { result = error as? OpenError }
            kept.append("end")
            await mark
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
