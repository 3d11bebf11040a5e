import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("The state that a server's threads share", .watchdog)
struct ServingStateTests {
    /// Another thread than this one, as far as its number goes.
    private static let anotherThread = WorkerID(number: 1)

    /// Of a server that serves.
    private func state() throws -> ServingState {
        let socket = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let address = try socket.localAddress
        let watch = try ListenerWatch(socket.descriptor)
        var state = ServingState(Listener(socket, at: address, ownsPath: false))
        try state.begin(with: watch)
        return state
    }

    @Test("A connection that is accepted while the server is shut down is not admitted; while it drains, it is")
    func admission() throws {
        var state = try state()
        _ = state.stop()
        let whileDraining = state.admit(.none)
        #expect(whileDraining != nil)
        _ = state.endWork()
        let whileEnding = state.admit(.none)
        #expect(whileEnding == nil)
        #expect(state.ended == 1)
    }

    @Test("A drain waits for a connection that was accepted and is not entered yet")
    func inTransit() throws {
        var state = try state()
        _ = state.stop()
        #expect(state.isBusy(besides: Self.anotherThread))
        // The thread that accepts drains itself, in a hook.
        #expect(!state.isBusy(besides: .thisThread))
        let admitted = state.admit(.none)
        let number = try #require(admitted)
        _ = state.stopTaking()
        #expect(state.isBusy(besides: Self.anotherThread))
        state.dismiss(number)
        #expect(!state.isBusy(besides: Self.anotherThread))
    }

    @Test("A connection that was dismissed is not shut down: its number may be another's by then")
    func dismissed() throws {
        var state = try state()
        let pair = try Socket.pair()
        let admitted = state.admit(.descriptor(pair.first.descriptor))
        let number = try #require(admitted)
        state.dismiss(number)
        state.dismiss(number)
        _ = state.endWork()
        try pair.first.sendAll("x")
        try #expect(pair.second.receive(atMost: 1) == Array("x".utf8))
        #expect(state.finished == 1)
        #expect(state.ended == 0)
    }

    @Test("Work is ended once, and then does not count as finished")
    func endedOnce() throws {
        var state = try state()
        let pair = try Socket.pair()
        let admitted = state.admit(.descriptor(pair.first.descriptor))
        let number = try #require(admitted)
        _ = state.endWork()
        _ = state.endWork()
        state.dismiss(number)
        try #expect(pair.second.receive(atMost: 1) == [])
        #expect(state.ended == 1)
        #expect(state.finished == 0)
    }

    @Test("Threads are started up to the limit, and idle ones are preferred")
    func threads() throws {
        var state = try state()
        for _ in 0..<2 {
            guard case .start? = state.choose(limit: 2) else {
                Issue.record("no thread")
                return
            }
        }
        if let choice = state.choose(limit: 2) { Issue.record("\(choice) beyond the limit") }
        let worker = Worker()
        let goesOn = state.rest(worker)
        #expect(goesOn)
        guard case .worker(let chosen)? = state.choose(limit: 2) else {
            Issue.record("no worker")
            return
        }
        #expect(chosen === worker)
        _ = state.stop()
        let goesOnAfterStop = state.rest(worker)
        #expect(!goesOnAfterStop)
        guard case .stop? = state.choose(limit: 2) else {
            Issue.record("no stop")
            return
        }
    }
}
