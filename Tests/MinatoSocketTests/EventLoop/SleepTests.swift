import CMinato
import TestSupport
import Testing

@_spi(Loops) @testable import MinatoSocket

@Suite("Waiting for a time", .watchdog, .serialized)
struct SleepTests {
    @Test("A sleep is never too short", arguments: Setup.backends)
    func never(_ backend: EventLoop.Backend) async throws {
        let loop = try EventLoop(backend: backend)
        defer { loop.shutdown() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask(executorPreference: number % 2 == 0 ? loop : nil) {
                    let time = Duration.microseconds(Int.random(in: -100..<20_000))
                    let start = minato_clock_now()
                    try await loop.sleep(for: time)
                    #expect(minato_clock_now() - start >= time.nanosecondsRoundedUp)
                }
            }
            try await group.waitForAll()
        }
        try await loop.sleep(until: .after(.zero))
    }

    @Test(
        "A cancelled sleep ends at once, and so does one of a task that was cancelled before", arguments: Setup.backends
    )
    func cancelled(_ backend: EventLoop.Backend) async throws {
        let loop = try EventLoop(backend: backend)
        defer { loop.shutdown() }
        for number in 0..<200 {
            let sleeping = Task(executorPreference: number % 2 == 0 ? loop : nil) {
                if number % 3 == 0 { while !Task.isCancelled { await Task.yield() } }
                return await code { try await loop.sleep(for: .seconds(1000)) }
            }
            if number % 5 == 0 { await Task.yield() }
            sleeping.cancel()
            #expect(await sleeping.value == .cancelled)
        }
    }

    /// Notes when it ran out.
    private final class Alarm: LoopSource {
        let deadline: Int64
        var possible = Int64.min
        var lateness: Int64?

        init(_ deadline: Int64) { self.deadline = deadline }
        override func timeIsOver(_ now: Int64) { lateness = minato_clock_now() - max(deadline, possible) }
    }

    /// The alarms, which belong to the loop's thread.
    private final class Alarms: @unchecked Sendable { var all: [Alarm] = [] }

    @Test("100,000 timers, of which 90 in 100 are cancelled: none early, none forgotten, and few late")
    func many() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        // 5 ms on a machine with nothing else to do; here many tests run at once, and builds beside them.
        for attempt in 1...10 {
            let lateness = try await latenessOfMany(loop)
            #expect(lateness.count == 10_000)
            let known = lateness.compactMap { $0 }
            #expect(known.count == 10_000, "some were forgotten")
            #expect(known.first ?? -1 >= 0, "some were early")
            if known[9900] < 100_000_000 { break }
            #expect(attempt < 10, "\(known[9900]) ns late")
        }
    }

    private func latenessOfMany(_ loop: EventLoop) async throws -> [Int64?] {
        let core = loop.core
        let alarms = Alarms()
        await Task(executorPreference: loop) {
            let start = minato_clock_now()
            for number in 0..<100_000 {
                let alarm = Alarm(start + Int64.random(in: 50_000_000..<800_000_000))
                core.setTimer(alarm, alarm.deadline)
                if number % 10 == 0 { alarms.all.append(alarm) } else { core.cancelTimer(alarm) }
            }
            // Until now this task has kept the loop from firing any.
            let end = minato_clock_now()
            for alarm in alarms.all { alarm.possible = end }
        }.value
        try await loop.sleep(for: .milliseconds(801))
        return await Task(executorPreference: loop) {
            alarms.all.map(\.lateness).sorted { $0 ?? -1 < $1 ?? -1 }
        }.value
    }
}
