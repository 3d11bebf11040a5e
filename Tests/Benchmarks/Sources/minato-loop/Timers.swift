internal import MinatoSocket

/// 100,000 timers on one loop, of which 90 in 100 are cancelled.
enum Timers {
    private static let count = 100_000
    /// When the others run out, in nanoseconds from the beginning: after the last one was set and cancelled.
    private static let range: Range<Int64> = 3_000_000_000..<6_000_000_000

    private static let tooSlow = Broken("the machine is too slow for so many timers")

    /// How late the others are, in nanoseconds, 1 in 100 of them apart.
    ///
    /// - Throws: when one was early, or when setting and cancelling took so long that it made the first ones late.
    static func lateness() async throws -> Int64 {
        let loop = try EventLoop()
        let begin = now()
        // The lateness, nil for one that was cancelled.
        let tasks = (0..<count).map { _ in
            let deadline = begin + Int64.random(in: range)
            return Task(executorPreference: loop) { () async -> Int64? in
                do throws(SocketError) {
                    try await loop.sleep(for: .nanoseconds(deadline - now()))
                    return now() - deadline
                } catch {
                    return nil
                }
            }
        }
        for (number, task) in tasks.enumerated() where number % 10 != 0 { task.cancel() }
        for (number, task) in tasks.enumerated() where number % 10 != 0 {
            guard await task.value != nil else { continue }
            throw now() < begin + range.lowerBound ? Broken("a timer ran out that was cancelled") : tooSlow
        }
        guard now() < begin + range.lowerBound else { throw tooSlow }

        var lateness: [Int64] = []
        for task in tasks {
            if let late = await task.value { lateness.append(late) }
        }
        loop.shutdown()
        lateness.sort()
        guard lateness.count == count / 10 else { throw Broken("\(lateness.count) timers ran out") }
        guard lateness[0] >= 0 else { throw Broken("a timer was \(-lateness[0]) ns early") }
        return lateness[lateness.count * 99 / 100]
    }
}
