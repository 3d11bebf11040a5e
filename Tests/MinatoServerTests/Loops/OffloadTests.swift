import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("Work off the loop", .watchdog)
struct OffloadTests {
    @Test("It runs elsewhere, and the task goes on where it was")
    func elsewhere() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        await Task(executorPreference: loop) {
            #expect(loop.isCurrent)
            let wasOnLoop = await offload { loop.isCurrent }
            #expect(!wasOnLoop)
            #expect(loop.isCurrent)
        }.value
    }

    @Test("What the work throws is thrown, with its type")
    func throwing() async {
        let code: Int
        do throws(Failure) {
            code = try await offload { () throws(Failure) -> Int in throw Failure("no") }
        } catch {
            #expect(error == Failure("no"))
            return
        }
        Issue.record("returned \(code)")
    }

    @Test("A cancelled task gets the result all the same")
    func cancelled() async throws {
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return await offload { 42 }
        }
        task.cancel()
        await #expect(task.value == 42)
    }

    @Test("A blocked thread does not hold up the loop's other connections")
    func loopIsFree() throws {
        let stage = LoopStage(face: .async, loops: 1, backend: .epoll)
        let gate = Gate()
        let server = try tcpServer()
        try stage.serving(server) { server, loops in
            try await server.serve(on: loops) { connection in
                let word = try await connection.read(atMost: 100)
                if word == Array("block".utf8) { await offload { gate.pass() } }
                try await connection.write(word)
            }
        } while: {
            let blocked = try sharedClient(of: server)
            try blocked.socket.sendAll("block")
            gate.wait(for: 1)
            try #expect(sharedClient(of: server).exchange("free") == "free")
            gate.open()
            try #expect(blocked.socket.receiveExactly(5) == Array("block".utf8))
        }
    }

    @Test("There are no more threads than the limit, all work is done, and idle threads end")
    func pool() {
        let pool = OffloadPool(limit: 3, idle: .milliseconds(10))
        let gate = Gate()
        let done = Journal<Int>()
        for index in 0..<20 {
            pool.perform {
                gate.pass()
                done.write(index)
            }
        }
        gate.wait(for: 3)
        #expect(pool.threads == 3)
        gate.open()
        done.wait(for: 20)
        #expect(gate.peak == 3)
        #expect(Set(done.entries) == Set(0..<20))
        while pool.threads > 0 { sched_yield() }
        pool.perform { done.write(20) }
        done.wait(for: 21)
    }

    @Test("What is done is let go of, though there is always somebody who waits")
    func letsGo() {
        final class Token: Sendable {
            let end: @Sendable () -> Void
            init(_ end: @escaping @Sendable () -> Void) { self.end = end }
            deinit { end() }
        }
        let pool = OffloadPool(limit: 1, idle: .milliseconds(10))
        let gates = (0..<3).map { _ in Gate() }
        let gone = Journal<Int>()
        for (index, gate) in gates.enumerated() {
            let token = Token { gone.write(index) }
            pool.perform { withExtendedLifetime(token) { gate.pass() } }
        }
        let done = Journal<Int>()
        for index in 0..<200 { pool.perform { done.write(index) } }
        for (index, gate) in gates.enumerated() {
            gate.wait(for: 1)
            #expect(gone.entries == Array(0..<index))
            gate.open()
        }
        done.wait(for: 200)
        #expect(gone.entries == [0, 1, 2] && done.entries == Array(0..<200))
    }

    @Test("A thread that is idle takes the next work")
    func reuse() {
        // They end before the judgement of what is left: see `LeakCheck`.
        let pool = OffloadPool(limit: 1000, idle: .seconds(5))
        let done = Journal<Void>()
        for index in 0..<100 {
            pool.perform { done.write(()) }
            done.wait(for: index + 1)
        }
        #expect(pool.threads < 100)
    }

    @Test("Without any thread the caller does it; with some, they do")
    func noThread() {
        let pool = OffloadPool(limit: 4, idle: .milliseconds(10))
        let done = Journal<UInt>()
        let own = UInt(pthread_self())
        let none: (@escaping OffloadPool.Job) throws(SocketError) -> Void = { _ throws(SocketError) in
            throw SocketError(.startThread, .init(EAGAIN))
        }
        pool.perform({ done.write(UInt(pthread_self())) }, startThread: none)
        #expect(done.entries == [own])
        let gate = Gate()
        pool.perform { gate.pass() }
        gate.wait(for: 1)
        pool.perform({ done.write(UInt(pthread_self())) }, startThread: none)
        #expect(done.entries == [own])
        gate.open()
        done.wait(for: 2)
        #expect(done.entries.last != own)
    }

    @Test("Two callers without any thread: each may have counted on the other's")
    func noThreadForTwo() {
        let pool = OffloadPool(limit: 4, idle: .milliseconds(10))
        let done = Journal<Int>()
        let none: (@escaping OffloadPool.Job) throws(SocketError) -> Void = { _ throws(SocketError) in
            throw SocketError(.startThread, .init(EAGAIN))
        }
        pool.perform(
            { done.write(1) },
            startThread: { (_) throws(SocketError) in
                // Meanwhile another one.
                pool.perform({ done.write(2) }, startThread: none)
                throw SocketError(.startThread, .init(EAGAIN))
            })
        #expect(done.entries == [1, 2] && pool.threads == 0)
    }
}
