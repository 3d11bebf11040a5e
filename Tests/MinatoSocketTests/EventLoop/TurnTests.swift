import CMinato
import TestSupport
import Testing

@_spi(Loops) @testable import MinatoLoop
@testable import MinatoSocket

/// What a loop does between two looks at the descriptors, and what it remembers of it.
@Suite("The turns of a loop", .watchdog)
struct TurnTests {
    /// Asks to be called again, twice each time, until it has been called four times.
    private final class Asker: LoopSource, @unchecked Sendable {
        private let core: LoopCore
        private(set) var calls = 0

        init(_ core: LoopCore) { self.core = core }

        func ask() {
            core.callAgain(self)
            core.callAgain(self)
        }

        override func isCalledAgain() {
            calls += 1
            if calls < 4 { ask() }
        }
    }

    /// Has the loop's thread do something, in a turn of its own.
    private func onLoop<Result: Sendable>(
        _ loop: EventLoop, _ body: @escaping @Sendable (LoopCore) -> Result
    ) async -> Result {
        await withCheckedContinuation { continuation in
            loop.core.post { continuation.resume(returning: body(loop.core)) }
        }
    }

    @Test("A source that asks to be called again is called once, however often it asks in a turn")
    func calledOnce() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let pair = try Socket.pair()
        let descriptor = pair.first.descriptor
        let asker = await onLoop(loop) { core in
            let asker = Asker(core)
            #expect(core.add(asker, descriptor, interest: UInt32(MINATO_READABLE | MINATO_EDGE_TRIGGERED)) >= 0)
            asker.ask()
            return asker
        }
        for _ in 0..<20 { await onLoop(loop) { _ in } }
        let calls = await onLoop(loop) { core in
            core.remove(asker)
            return asker.calls
        }
        #expect(calls == 4)
        withExtendedLifetime(pair) {}
    }

    @Test("A long turn puts off what was counted in it, and is forgotten when that has come")
    func longTurns() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let length: Int64 = 5_000_000
        await onLoop(loop) { core in
            // As a process that has been stopped: the time of the turn is asked for, and then it goes on for long.
            unsafe core.threadMemory.pointee.longestLimit = 20_000_000
            unsafe core.threadMemory.pointee.nextLookOver = minato_clock_now() + 20_000_000
            let began = core.now
            while minato_clock_now() - began < length {}
        }
        // Of that moment, or forgotten: no limit can be shorter than what has passed since.
        let asked = minato_clock_now()
        let (put, told) = await onLoop(loop) { core in (core.certain(1) - 1, minato_clock_now()) }
        if told - asked < 10_000_000 { #expect(put >= length) }
        // Now nothing takes long, so that one day it is over.
        while await onLoop(
            loop,
            { core in
                _ = core.now
                return core.certain(1) - 1
            }) >= length
        {}
        // As long as a limit lasts, however short the turns are.
        await onLoop(loop) { core in
            core.counts(.max)
            let began = core.now
            while minato_clock_now() - began < length {}
        }
        // Longer than two of the limit before.
        let later = minato_clock_now() + 60_000_000
        while minato_clock_now() < later { await onLoop(loop) { core in _ = core.now } }
        #expect(await onLoop(loop) { core in core.certain(1) - 1 } >= length)
    }
}
