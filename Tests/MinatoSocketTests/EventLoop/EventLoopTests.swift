import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Event loops", .watchdog, .serialized)
struct EventLoopTests {
    @Test("A task that prefers a loop runs on its thread, whoever wakes it", arguments: Setup.backends)
    func executor(_ backend: EventLoop.Backend) async throws {
        let loop = try EventLoop(backend: backend)
        defer { loop.shutdown() }
        #expect(!loop.isCurrent)
        let task = Task(executorPreference: loop) {
            var places = [loop.isCurrent]
            for _ in 0..<10 {
                await Task.yield()
                places.append(loop.isCurrent)
            }
            // Resumed from elsewhere.
            _ = await Task.detached { loop.isCurrent }.value
            places.append(loop.isCurrent)
            async let child = loop.isCurrent
            places.append(await child)
            try? await loop.sleep(for: .milliseconds(1))
            places.append(loop.isCurrent)
            return places
        }
        #expect(await task.value == Array(repeating: true, count: 14))
    }

    @Test("Jobs from many threads all run", arguments: Setup.backends)
    func jobs(_ backend: EventLoop.Backend) async throws {
        let loop = try EventLoop(backend: backend)
        defer { loop.shutdown() }
        let done = Guarded(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<5000 {
                group.addTask(executorPreference: loop) {
                    if loop.isCurrent { done.withLock { $0 += 1 } }
                }
            }
        }
        #expect(done.withLock { $0 } == 5000)
    }

    @Test("After the shutdown tasks go on in the global pool, those that never end by themselves too")
    func tasksGoOn() async throws {
        let loop = try EventLoop()
        let hasStarted = Guarded(false)
        let endless = Task(executorPreference: loop) {
            hasStarted.withLock { $0 = true }
            while !Task.isCancelled { await Task.yield() }
            return loop.isCurrent
        }
        await until { hasStarted.withLock { $0 } }
        loop.shutdown()
        loop.shutdown()
        let later = Task(executorPreference: loop) { loop.isCurrent }
        #expect(await later.value == false)
        endless.cancel()
        #expect(await endless.value == false)
        #expect(await code { try await loop.sleep(for: .zero) } == .closed)
    }

    @Test("The shutdown ends everything that waits with .closed, and what begins later too", arguments: Setup.all)
    func shutdown(_ setup: Setup) async throws {
        try await setup.run { stage in
            let loop = stage.loop
            let connection = stage.connection
            let reading = stage.start { connection in await code { _ = try await connection.readLine() } }
            await stage.untilWaiting(.reading)
            let writing = stage.start { connection in
                await code { while true { try await connection.write(muchContent) } }
            }
            await stage.untilWaiting(.writing)
            let sleeping = Task { await code { try await loop.sleep(until: .none) } }
            await Task.yield()
            loop.shutdown()
            #expect(try await reading.value == .closed)
            #expect(try await writing.value == .closed)
            #expect(await sleeping.value == .closed)
            #expect(await code { _ = try await connection.read(atMost: 1, timeout: .seconds(30)) } == .closed)
            #expect(await code { try await connection.write("x") } == .closed)
            // A new connection cannot live there either, and its socket is closed.
            let pair = try Socket.pair()
            let late = try Connection(adopting: pair.first, on: loop)
            #expect(await code { _ = try await late.read(atMost: 1) } == .closed)
            late.close()
            #expect(try pair.second.receive(atMost: 1) == [])
        }
    }

    @Test("A hundred loops come and go, while they are used, without a trace")
    func manyLoops() async throws {
        for round in 0..<100 {
            let loop = try EventLoop(backend: round % 2 == 0 ? .epoll : .poll)
            let pair = try Socket.pair()
            let connection = try Connection(adopting: pair.first, on: loop)
            let reading = Task(executorPreference: round % 3 == 0 ? nil : loop) {
                await code { _ = try await connection.read(atMost: 1, timeout: .seconds(30)) }
            }
            let peer = SharedSocket(pair.second)
            if round % 5 == 0 { await Task.yield() }
            let ending = try Background { loop.shutdown() }
            let sending = try Background { try? peer.socket.sendAll("x") }
            let result = await reading.value
            #expect(result == nil || result == .closed)
            try await ending.value
            try await sending.value
            connection.close()
        }
    }

    @Test("The thread of a loop that nobody holds ends, and its descriptors are closed")
    func dropped() async throws {
        weak var core: LoopCore?
        do {
            let loop = try EventLoop()
            core = loop.core
            #expect(await Task(executorPreference: loop) { loop.isCurrent }.value)
        }
        await until { core == nil }
    }

    @Test("A group gives its loops in turn, and the one that the caller runs on")
    func group() async throws {
        let group = try EventLoopGroup(loops: 3)
        #expect(group.count == 3)
        let all = try group.all()
        let given = try (0..<6).map { _ in try group.next() }
        #expect(given.map { loop in all.firstIndex { $0 === loop } } == [0, 1, 2, 0, 1, 2])
        let own = await Task(executorPreference: all[1]) { try? group.next() }.value
        #expect(own === all[1])
        group.shutdown()
        #expect(errorCode { () throws(SocketError) in _ = try group.next() } == .closed)
        #expect(errorCode { () throws(SocketError) in _ = try group.all() } == .closed)
        #expect(errorCode { () throws(SocketError) in _ = try EventLoopGroup(loops: 0) } == .invalidArgument)
        #expect(try EventLoopGroup.shared.all().count == EventLoopGroup.shared.count)
    }

    @Test("An idle loop with connections and timers far away does not wake up once", arguments: Setup.backends)
    func idle(_ backend: EventLoop.Backend) async throws {
        try await Setup(backend: backend).run { stage in
            // One that waits with a timeout, one whose peer has gone and that nobody reads from, one that is just there.
            let reading = stage.start { connection in
                await code { _ = try await connection.read(atMost: 1, timeout: .seconds(1000)) }
            }
            await stage.untilWaiting(.reading)
            let left = try Socket.pair()
            let leftBehind = try Connection(adopting: left.first, on: stage.loop)
            try left.second.close()
            let quiet = try Socket.pair()
            let unread = try Connection(adopting: quiet.first, on: stage.loop)
            try quiet.second.sendAll("not read")
            let thread = await Task(executorPreference: stage.loop) { WakeUps.currentThread() }.value
            let patient = try EventLoopGroup.shared.next()
            // It has come to rest when it waits, and has not run for a while.
            var before = try WakeUps.count(ofThread: thread)
            for _ in 0..<1000 {
                try await patient.sleep(for: .milliseconds(20))
                let now = try WakeUps.count(ofThread: thread)
                if try now == before && WakeUps.isWaiting(thread) { break }
                before = now
            }
            // How long it is watched: waking up late would go unseen, never be seen where it is not.
            try await patient.sleep(for: .milliseconds(300))
            #expect(try WakeUps.count(ofThread: thread) == before)
            leftBehind.close()
            unread.close()
            stage.connection.close()
            #expect(try await reading.value == .closed)
        }
    }

    @Test("In a forked child a loop of the parent's is an error, and the parent's goes on")
    func forked() async throws {
        // In a process with nothing else in it: a child has copies of all descriptors, and of locks that others hold.
        await #expect(processExitsWith: .success) {
            let pair = try Socket.pair()
            let connection = try Connection(adopting: pair.first)
            let peer = SharedSocket(pair.second)
            let loop = connection.eventLoop
            let reading = Task(executorPreference: loop) { try await connection.read(atMost: 10) }
            while !connection.channel.current.isWaiting(.reading) { await Task.yield() }
            let result = ForkedChild.run {
                var result: Int32 = 0
                if loop.core.post({}) { result |= 1 }
                if errorCode({ () throws(SocketError) in _ = try EventLoopGroup.shared.next() }) != .forked {
                    result |= 2
                }
                if connection.channel.codeOfClosed != .forked { result |= 4 }
                if loop.isCurrent { result |= 8 }
                // Neither the parent's poller nor its connection may notice.
                connection.close()
                loop.shutdown()
                return result
            }
            #expect(result == 0)
            try peer.socket.sendAll("unhurt")
            #expect(text(try await reading.value) == "unhurt")
        }
    }

    @Test("The backend can be chosen by the environment")
    func backend() {
        let poll = unsafe getenv("MINATO_EVENT_LOOP_BACKEND").map { unsafe String(cString: $0) } == "poll"
        #expect(EventLoop.Backend.standard == (poll ? .poll : .epoll))
    }
}
