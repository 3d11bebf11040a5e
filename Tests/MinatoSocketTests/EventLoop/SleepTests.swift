import CMinato
import TestSupport
import Testing

@_spi(Loops) @testable import MinatoLoop
@testable import MinatoSocket

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

    /// Notes how late it ran out: negative when it was early.
    private final class Alarm: LoopSource {
        let deadline: Int64
        var lateness: Int64?

        init(_ deadline: Int64) { self.deadline = deadline }
        override func timeIsOver(_ now: Int64) { lateness = minato_clock_now() - deadline }
    }

    /// Notes when it ran out, as a place among the others; the first of them sends something.
    private final class Ringer: LoopSource {
        let number: Int
        let order: Alarms
        let peer: SharedSocket

        init(_ number: Int, _ order: Alarms, _ peer: SharedSocket) {
            self.number = number
            self.order = order
            self.peer = peer
        }

        override func timeIsOver(_ now: Int64) {
            order.rung.append(number)
            if number == 0 { try? peer.socket.sendAll("x") }
        }
    }

    @Test(
        "Regression: 10,000 timers that fell due at once held up what came meanwhile",
        arguments: Setup.all.filter { $0.place == .own || $0.place == .loop })
    func atOnce(_ setup: Setup) async throws {
        try await setup.run { stage in
            let alarms = Alarms()
            let core = stage.loop.core
            let reading = stage.start { connection in
                _ = try await connection.read(atMost: 1)
                return alarms.rung.count
            }
            await stage.untilWaiting(.reading)
            await Task(executorPreference: stage.loop) {
                let due = minato_clock_now() - 20_000
                for number in (0..<10_000).reversed() {
                    core.setTimer(Ringer(number, alarms, stage.peer), due + Int64(number))
                }
            }.value
            #expect(try await reading.value <= 64)
            // Behind all of them, as they run out in the order of their times.
            try await stage.loop.sleep(for: .milliseconds(1))
            let order = await Task(executorPreference: stage.loop) { alarms.rung }.value
            #expect(order == Array(0..<10_000))
        }
    }

    /// The alarms, which belong to the loop's thread.
    private final class Alarms: @unchecked Sendable {
        var all: [Alarm] = []
        var rung: [Int] = []
    }

    // How late they are is measured by `scripts/bench --cases timers`, on a machine with nothing else to do.
    @Test("100,000 timers, of which 90 in 100 are cancelled: none early, none forgotten", arguments: Setup.backends)
    func many(_ backend: EventLoop.Backend) async throws {
        let loop = try EventLoop(backend: backend)
        defer { loop.shutdown() }
        let core = loop.core
        let alarms = Alarms()
        await Task(executorPreference: loop) {
            let start = minato_clock_now()
            for number in 0..<100_000 {
                let alarm = Alarm(start + Int64.random(in: 0..<300_000_000))
                core.setTimer(alarm, alarm.deadline)
                if number % 10 == 0 { alarms.all.append(alarm) } else { core.cancelTimer(alarm) }
            }
        }.value
        // Behind the last of them: a loop's timers run out in the order of their times.
        try await loop.sleep(for: .milliseconds(300))
        let lateness = await Task(executorPreference: loop) { alarms.all.map(\.lateness) }.value
        let known = lateness.compactMap { $0 }
        #expect(known.count == 10_000, "some were forgotten")
        #expect(known.min() ?? -1 >= 0, "some were early")
    }
}
