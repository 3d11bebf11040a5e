import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

/// What a handler finds, whichever task handles its datagram: tasks are used again, and nobody is to notice.
@Suite("Datagrams on event loops: the tasks of handlers", .watchdog)
struct DatagramWorkersTests {
    @TaskLocal static var name = "nobody"

    /// Sends datagrams of four bytes, numbered, and receives as many replies.
    private static func exchange(_ numbers: Range<UInt32>, with client: borrowing Socket) throws -> [UInt32] {
        for number in numbers { try client.send(bytes(number)) }
        return try receive(numbers.count, from: client)
    }

    private static func receive(_ count: Int, from client: borrowing Socket) throws -> [UInt32] {
        var numbers: [UInt32] = []
        for _ in 0..<count { numbers.append(number(try client.receive(atMost: 100))) }
        return numbers
    }

    private static func bytes(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    private static func number(_ bytes: [UInt8]) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    @Test("What a handler keeps of a request stays what it was", arguments: DatagramStage.of(.async), [true, false])
    func kept(stage: DatagramStage, waits: Bool) throws {
        let server = try udpServer()
        let (requests, arrays) = (Journal<AsyncDatagramRequest>(), Journal<[UInt8]>())
        try stage.serving(server) { (server, loops) in
            try await server.serve(on: loops) { request in
                let number = Self.number(request.bytes)
                if number % 3 == 0 { requests.write(request) }
                if number % 3 == 1 { arrays.write(request.bytes) }
                if waits { await Task.yield() }
                #expect(Self.number(request.bytes) == number)
                try await request.reply(request.bytes)
            }
        } while: {
            let clients = try (0..<3).map { _ in try DatagramPeer(of: server) }
            for round in 0..<30 as Range<UInt32> {
                for (place, client) in clients.enumerated() {
                    let first = round * 30 + UInt32(place) * 10
                    let replies = try Self.exchange(first..<first + 10, with: client.socket)
                    #expect(replies.sorted() == Array(first..<first + 10))
                }
            }
            let senders = try clients.map { try $0.socket.localAddress }
            for request in requests.entries {
                let number = Self.number(request.bytes)
                #expect(number % 3 == 0)
                #expect(request.sender == senders[Int(number / 10 % 3)])
                #expect(request.datagram.length == 4)
            }
            #expect(requests.entries.map { Self.number($0.bytes) }.sorted() == Array(stride(from: 0, to: 900, by: 3)))
            #expect(arrays.entries.map(Self.number).sorted() == Array(stride(from: 1, to: 900, by: 3)))
        }
    }

    @Test("A handler that cancels its task cancels no other's", arguments: DatagramStage.of(.async))
    func cancelsItself(stage: DatagramStage) throws {
        let server = try udpServer()
        try stage.serving(server) { (server, loops) in
            try await server.serve(on: loops) { request in
                #expect(!Task.isCancelled)
                if Self.number(request.bytes) % 2 == 0 { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
                try await request.reply(request.bytes)
                if Self.number(request.bytes) % 4 == 0 { await Task.yield() }
            }
        } while: {
            let client = try datagramClient(of: server)
            for round in 0..<20 as Range<UInt32> {
                let numbers = round * 10..<round * 10 + 10
                try #expect(Self.exchange(numbers, with: client).sorted() == Array(numbers))
            }
        }
    }

    @Test(
        "Task-local values are those of the task that serves, and a handler's own end with it",
        arguments: DatagramStage.of(.async))
    func taskLocals(stage: DatagramStage) throws {
        let server = try udpServer()
        let seen = Journal<String>()
        try stage.serving(server) { (server, loops) in
            try await Self.$name.withValue("server") {
                try await server.serve(on: loops) { request in
                    seen.write(Self.name)
                    try await Self.$name.withValue("handler") {
                        if request.bytes.first == 0 { await Task.yield() }
                        try await request.reply(Self.name)
                    }
                }
            }
        } while: {
            let client = try datagramClient(of: server)
            for number in 0..<50 as Range<UInt8> {
                try client.send([number % 2])
                try #expect(client.receive(atMost: 100) == Array("handler".utf8))
            }
        }
        #expect(seen.entries == [String](repeating: "server", count: 50))
    }

    @Test("Others go on while handlers wait, however many", arguments: DatagramStage.of(.async))
    func othersGoOn(stage: DatagramStage) throws {
        let server = try udpServer()
        let begun = Journal<Bool>()
        let door = AsyncDoor()
        try stage.serving(server) { (server, loops) in
            try await server.serve(on: loops) { request in
                if Self.number(request.bytes) < 150 {
                    begun.write(true)
                    await door.pass()
                }
                try await request.reply(request.bytes)
            }
        } while: {
            let waiter = try datagramClient(of: server)
            let other = try datagramClient(of: server)
            for number in 0..<150 as Range<UInt32> {
                try waiter.send(Self.bytes(number))
                try #expect(Self.exchange(1000 + number..<1001 + number, with: other) == [1000 + number])
            }
            begun.wait(for: 150)
            door.open()
            let replies = try Self.receive(150, from: waiter)
            #expect(replies.sorted() == Array(0..<150))
        }
    }

    @Test("A handler may wait for a datagram that came after its own", arguments: DatagramStage.of(.async))
    func rendezvous(stage: DatagramStage) throws {
        let server = try udpServer()
        let doors = (0..<100).map { _ in AsyncDoor() }
        // All of them wait for what comes after them, and the last one for nothing.
        for number in 0..<100 as Range<UInt32> { try datagramClient(of: server).send(Self.bytes(number)) }
        let client = try datagramClient(of: server)
        try client.send(Self.bytes(100))
        try stage.serving(server) { (server, loops) in
            try await server.serve(on: loops) { request in
                let number = Int(Self.number(request.bytes))
                if number < 100 { await doors[number].pass() }
                if number > 0 { doors[number - 1].open() }
                if number == 0 || number == 100 { try await request.reply(request.bytes) }
            }
        } while: {
            try #expect(Self.number(client.receive(atMost: 100)) == 100)
            while !server.isIdle { sched_yield() }
        }
    }

    @MainActor
    private static func onMainActor(_ request: AsyncDatagramRequest) async throws {
        MainActor.assertIsolated()
        try await request.reply(request.bytes)
    }

    @Test("A handler may leave the loop, and reply from anywhere", arguments: DatagramStage.of(.async))
    func elsewhere(stage: DatagramStage) async throws {
        let server = try udpServer()
        let loops = Journal<EventLoopGroup>()
        let serving = try DatagramServing(server, stage) { (server, group) in
            loops.write(group)
            let all = try group.all()
            try await server.serve(on: group) { request in
                // Whoever was here before.
                let isOnLoop = all.contains { $0.isCurrent }
                #expect(isOnLoop)
                switch Self.number(request.bytes) % 3 {
                case 0: try await Self.onMainActor(request)
                case 1: Task.detached { try await request.reply(request.bytes) }
                default: try await request.reply(request.bytes)
                }
            }
        }
        // On a thread: tests that are tasks have few.
        let background = try Background {
            let client = try datagramClient(of: server)
            for round in 0..<20 as Range<UInt32> {
                let numbers = round * 30..<round * 30 + 30
                guard try Self.exchange(numbers, with: client).sorted() == Array(numbers) else { return false }
            }
            return true
        }
        let isRight = try await background.value
        #expect(isRight)
        server.shutdown()
        await serving.finish()
        try serving.join()
    }

    @Test("Errors are told with the sender of their own datagram", arguments: DatagramStage.of(.async), [true, false])
    func errors(stage: DatagramStage, waits: Bool) throws {
        let errors = Journal<(number: String, sender: SocketAddress?)>()
        var hooks = DatagramServerHooks()
        hooks.onError = { error, sender in errors.write(("\(error)", sender)) }
        let server = try udpServer(hooks: hooks)
        try stage.serving(server) { (server, loops) in
            try await server.serve(on: loops) { request in
                if waits { await Task.yield() }
                throw Failure("\(Self.number(request.bytes))")
            }
        } while: {
            let clients = try (0..<10).map { _ in try DatagramPeer(of: server) }
            for number in 0..<100 as Range<UInt32> { try clients[Int(number) % 10].socket.send(Self.bytes(number)) }
            let senders = try clients.map { try $0.socket.localAddress }
            for (number, sender) in errors.wait(for: 100) { #expect(sender == senders[(Int(number) ?? 0) % 10]) }
            #expect(Set(errors.entries.map(\.number)).count == 100)
        }
    }

    // MARK: - How many tasks

    @Test("Handlers that do not wait share one task on each loop", arguments: DatagramStage.of(.async))
    func oneWorker(stage: DatagramStage) throws {
        let server = try udpServer()
        let tasks = Journal<WorkerID>()
        try stage.serving(server) { (server, loops) in
            try await server.serve(on: loops) { request in
                tasks.write(.thisTask)
                try await request.reply(request.bytes)
            }
        } while: {
            let client = try datagramClient(of: server)
            for round in 0..<20 as Range<UInt32> {
                _ = try Self.exchange(round * 50..<round * 50 + 50, with: client)
            }
            #expect(Set(tasks.entries).count <= stage.loops)
            #expect(server.workerCount <= stage.loops)
        }
        #expect(server.workerCount == 0)
    }

    @Test("Tasks that are not needed any more end", arguments: DatagramStage.of(.async))
    func workersEnd(stage: DatagramStage) throws {
        let server = try udpServer()
        let begun = Journal<Bool>()
        let door = AsyncDoor()
        try stage.serving(server) { (server, loops) in
            try await server.serve(on: loops) { request in
                begun.write(true)
                await door.pass()
                try await request.reply(request.bytes)
            }
        } while: {
            let client = try datagramClient(of: server)
            for number in 0..<100 as Range<UInt32> { try client.send(Self.bytes(number)) }
            begun.wait(for: 100)
            #expect(server.workerCount >= 100)
            door.open()
            for _ in 0..<100 { _ = try client.receive(atMost: 100) }
            while server.workerCount > HandlerDatagramService.mostIdle * stage.loops { sched_yield() }
            try #expect(Self.exchange(100..<120, with: client).sorted() == Array(100..<120))
        }
        #expect(server.workerCount == 0)
    }
}

extension SocketServer {
    /// How many tasks there are that handle datagrams.
    fileprivate var workerCount: Int { state.withLock { $0.handlers.workerCount } }

    /// Whether no handler is at work.
    fileprivate var isIdle: Bool { state.withLock { $0.handlers.count == 0 } }
}
