import TestSupport
import Testing

@testable import MinatoServer

@Suite("The datagrams that tasks handle, as the server counts them", .watchdog)
struct ServingHandlersTests {
    private static let worker = WorkerID(number: 7)
    private static let other = WorkerID(number: 8)

    private func handlers(_ tally: HandlerTally) -> ServingState.Handlers {
        var handlers = ServingState.Handlers()
        handlers.add(tally)
        handlers.enter(Self.worker)
        return handlers
    }

    @Test("As long as nobody watches, the loop counts alone; then nothing without being told")
    func watching() {
        let tally = HandlerTally()
        var handlers = handlers(tally)
        #expect(tally.enterUnlessWatched(3))
        #expect(tally.leaveUnlessWatched())
        #expect(handlers.count == 2)
        handlers.watch()
        #expect(tally.isWatched)
        #expect(!tally.leaveUnlessWatched())
        #expect(!tally.enterUnlessWatched(1))
        #expect(handlers.count == 2)
        tally.change(by: -1)
        #expect(handlers.count == 1)
        // One that comes later is watched at once.
        let late = HandlerTally()
        handlers.add(late)
        #expect(late.isWatched)
    }

    @Test("One that drains is not waited for, wherever it is")
    func besides() {
        let tally = HandlerTally()
        var handlers = handlers(tally)
        #expect(!handlers.areBusy(besides: Self.other))
        #expect(tally.enterUnlessWatched(1))
        #expect(handlers.areBusy(besides: Self.other))
        #expect(!handlers.areBusy(besides: Self.worker))
        #expect(tally.enterUnlessWatched(1))
        #expect(handlers.areBusy(besides: Self.worker))
        handlers.leave(Self.worker)
        #expect(tally.leaveUnlessWatched())
        #expect(handlers.areBusy(besides: Self.worker))
    }

    @Test("All are ended once, but for the one that drains, until somebody else ends it")
    func ending() {
        let tally = HandlerTally()
        var handlers = handlers(tally)
        #expect(tally.enterUnlessWatched(5))
        handlers.watch()
        var ended: [Int] = []
        var spared: [Int] = []
        for drainer in [Self.worker, Self.worker, nil, nil] {
            ended.append(handlers.end(besides: drainer))
            spared.append(handlers.spared)
        }
        #expect(ended == [4, 0, 1, 0])
        #expect(spared == [1, 1, 0, 0])
        let isSpared = handlers.isSpared(Self.worker)
        #expect(!isSpared)
    }

    @Test("One that drained and has returned is spared no more")
    func spared() {
        let tally = HandlerTally()
        var handlers = handlers(tally)
        #expect(tally.enterUnlessWatched(1))
        handlers.watch()
        let ended = handlers.end(besides: Self.worker)
        #expect(ended == 0)
        let areSpared = [Self.other, Self.worker, Self.worker].map { handlers.isSpared($0) }
        #expect(areSpared == [false, true, false])
        #expect(handlers.spared == 0)
    }

    @Test("Who is no worker spares nobody")
    func stranger() {
        let tally = HandlerTally()
        var handlers = handlers(tally)
        #expect(tally.enterUnlessWatched(2))
        handlers.watch()
        let ended = handlers.end(besides: Self.other)
        #expect(ended == 2)
        #expect(handlers.spared == 0)
    }
}
