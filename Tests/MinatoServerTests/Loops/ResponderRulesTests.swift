import Glibc
import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("What a server does with what a responder says", .watchdog)
struct ResponderRulesTests {
    /// Serves with closures, on each kind of loop.
    private func serving(
        _ stage: LoopStage, limits: ServerLimits = ServerLimits(), hooks: StreamServerHooks = StreamServerHooks(),
        _ make: @escaping @Sendable () throws -> ClosureResponder, while body: (StreamServer) throws -> Void
    ) throws {
        let server = try tcpServer(limits: limits, hooks: hooks)
        try stage.serving(server) { server, loops in
            try await server.serve(on: loops, responder: { _ in try make() })
        } while: {
            try body(server)
        }
    }

    private func hooks(_ errors: Journal<String>) -> StreamServerHooks {
        var hooks = StreamServerHooks()
        hooks.onError = { error, client in errors.write("\(error), \(client == nil ? "nobody" : "client")") }
        return hooks
    }

    @Test(
        "A count that cannot be is the responder's error, and ends its connection",
        arguments: LoopStage.of(.responder), [-1, 4, Int.max, Int.min])
    func badCount(stage: LoopStage, count: Int) throws {
        let errors = Journal<String>()
        try serving(stage, hooks: hooks(errors)) {
            ClosureResponder { _, _ in .goOn(consumed: count) }
        } while: { server in
            let client = try sharedClient(of: server)
            try client.socket.sendAll("abc")
            #expect(client.socket.drainToEnd() == nil)
            errors.wait(for: 1)
        }
        #expect(errors.entries == ["receive consumed \(count) of 3 bytes: Invalid argument (EINVAL), client"])
    }

    @Test(
        "Input that is never consumed is offered again with what follows, up to the limit",
        arguments: LoopStage.of(.responder))
    func inputLimit(stage: LoopStage) throws {
        let errors = Journal<String>()
        let offered = Journal<Int>()
        var limits = ServerLimits()
        limits.inputLimit = 1000
        try serving(stage, limits: limits, hooks: hooks(errors)) {
            ClosureResponder { input, output in
                offered.write(input.count)
                output.append(UInt8(1))
                return .goOn(consumed: 0)
            }
        } while: { server in
            let client = try sharedClient(of: server)
            for _ in 0..<10 {
                try client.socket.sendAll([UInt8](repeating: 0, count: 100))
                try #expect(client.socket.receiveExactly(1) == [1])
            }
            try client.socket.sendAll([0])
            #expect(client.socket.drainToEnd() == nil)
            errors.wait(for: 1)
        }
        #expect(offered.entries == Array(stride(from: 100, through: 1000, by: 100)) + [1001])
        #expect(errors.entries.count == 1)
        #expect(errors.entries.first?.contains("input limit 1000") == true)
    }

    @Test("Closing sends the output first, and drops what else was received", arguments: LoopStage.of(.responder))
    func close(stage: LoopStage) throws {
        let calls = Journal<Int>()
        try serving(stage) {
            ClosureResponder { input, output in
                calls.write(input.count)
                output.append("bye")
                return .close
            }
        } while: { server in
            let client = try sharedClient(of: server)
            try client.socket.sendAll("one two three")
            try #expect(client.socket.readToEnd() == "bye")
        }
        #expect(calls.entries == [13])
    }

    @Test(
        "A client that is still sending gets the last answer and the end, not a reset",
        arguments: LoopStage.of(.responder))
    func closeWhileSending(stage: LoopStage) throws {
        try serving(stage) {
            ClosureResponder { _, output in
                output.append("too large")
                return .close
            }
        } while: { server in
            for _ in 0..<5 {
                let client = try sharedClient(of: server)
                let sending = try Background {
                    try client.socket.sendAll([UInt8](repeating: 0, count: 3_000_000))
                    try client.socket.shutdown(.sending)
                }
                try sending.join()
                try #expect(client.socket.readToEnd() == "too large")
            }
        }
    }

    @Test("Closing without ever having answered resets who is still sending", arguments: LoopStage.of(.responder))
    func closeUnanswered(stage: LoopStage) throws {
        try serving(stage) {
            ClosureResponder { _, _ in .close }
        } while: { server in
            let client = try sharedClient(of: server)
            let block = [UInt8](repeating: 0, count: 100_000)
            let code = errorCode { () throws(SocketError) in while true { try client.socket.sendAll(block) } }
            #expect(code == .connectionReset || code == .brokenPipe)
        }
    }

    @Test(
        "A client that neither sends nor ends is given up when it was told the end",
        arguments: LoopStage.of(.responder))
    func closeAndSilence(stage: LoopStage) throws {
        var limits = ServerLimits()
        limits.writeTimeout = .milliseconds(50)
        limits.maxConnections = 1
        let errors = Journal<String>()
        try serving(stage, limits: limits, hooks: hooks(errors)) {
            ClosureResponder { _, output in
                output.append("bye")
                return .close
            }
        } while: { server in
            let first = try sharedClient(of: server)
            try first.socket.sendAll("x")
            try #expect(first.socket.readToEnd() == "bye")
            // There is no place for it until the first one is given up.
            let second = try sharedClient(of: server)
            try second.socket.sendAll("x")
            try #expect(second.socket.readToEnd() == "bye")
            withExtendedLifetime(first) {}
        }
        #expect(errors.entries == [])
    }

    @Test("A client that goes on sending for ever is given up", arguments: LoopStage.of(.responder))
    func closeWhileFlooded(stage: LoopStage) throws {
        var limits = ServerLimits()
        limits.writeTimeout = .milliseconds(100)
        try serving(stage, limits: limits) {
            ClosureResponder { _, output in
                output.append("no")
                return .close
            }
        } while: { server in
            let client = try sharedClient(of: server)
            let block = [UInt8](repeating: 0, count: 100_000)
            let code = errorCode { () throws(SocketError) in while true { try client.socket.sendAll(block) } }
            #expect(code == .connectionReset || code == .brokenPipe)
        }
    }

    @Test(
        "At the end of the stream the rest is offered, and the last output is sent",
        arguments: LoopStage.of(.responder))
    func end(stage: LoopStage) throws {
        let size = 3_000_000
        try serving(stage) {
            ClosureResponder(
                answer: { input, output in
                    output.append(UInt8(0))
                    return .goOn(consumed: 0)
                },
                atEnd: { rest, output in
                    output.append(rest)
                    output.append([UInt8](repeating: 1, count: size))
                })
        } while: { server in
            let client = try sharedClient(of: server)
            try client.socket.sendAll("rest")
            try #expect(client.socket.receiveExactly(1) == [0])
            try client.socket.shutdown(.sending)
            let reply = try client.socket.receiveExactly(size + 5)
            #expect(reply == Array("rest".utf8) + [UInt8](repeating: 1, count: size))
        }
    }

    @Test(
        "What throws at the end, or when it is made, is reported and ends its connection only",
        arguments: LoopStage.of(.responder))
    func throwing(stage: LoopStage) throws {
        let errors = Journal<String>()
        let isFirst = Guarded(true)
        try serving(stage, hooks: hooks(errors)) {
            let fails = isFirst.withLock { value in
                defer { value = false }
                return value
            }
            if fails { throw Failure("made") }
            return ClosureResponder(
                answer: { input, output in
                    output.append(input)
                    return .goOn(consumed: input.count)
                }, atEnd: { _, _ in throw Failure("ended") })
        } while: { server in
            let first = try sharedClient(of: server)
            #expect(first.socket.drainToEnd() == nil)
            let second = try sharedClient(of: server)
            try #expect(second.exchange("x") == "x")
            try second.socket.shutdown(.sending)
            #expect(second.socket.drainToEnd() == nil)
            errors.wait(for: 2)
        }
        #expect(errors.entries == ["made, client", "ended, client"])
    }

    @Test(
        "Requests that came together are not answered beyond the output limit at a time",
        arguments: LoopStage.of(.responder))
    func outputLimit(stage: LoopStage) throws {
        let waiting = Journal<Int>()
        var limits = ServerLimits()
        limits.outputLimit = 2500
        limits.inputLimit = 10
        try serving(stage, limits: limits) {
            ClosureResponder { input, output in
                waiting.write(output.count)
                output.append([UInt8](repeating: input[0], count: 1000))
                return .goOn(consumed: 1)
            }
        } while: { server in
            let client = try sharedClient(of: server)
            let sent = (0..<255).map { UInt8($0) }
            try client.socket.sendAll(sent)
            try #expect(client.socket.receiveExactly(255_000) == sent.flatMap { [UInt8](repeating: $0, count: 1000) })
            try client.socket.shutdown(.sending)
            #expect(client.socket.drainToEnd() == nil)
        }
        #expect(waiting.entries.count == 255)
        #expect((waiting.entries.max() ?? 0) < 2500)
    }

    @Test("What a client has not taken yet stays as it is, whatever others send", arguments: LoopStage.of(.responder))
    func unsentParts(stage: LoopStage) throws {
        try serving(stage) {
            // A part of the input, which is sent from where it was received.
            ClosureResponder { input, output in
                output.append(input)
                return .goOn(consumed: input.count)
            }
        } while: { server in
            // More than the kernel takes for a client that does not read.
            let block = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 11) }
            var sent: [UInt8] = []
            for _ in 0..<300 { sent += block }
            let slow = try sharedClient(of: server)
            let sending = try Background { [sent] in try slow.socket.sendAll(sent) }
            let noise = String(repeating: "x", count: 60_000)
            let other = try sharedClient(of: server)
            // Until nothing more can be sent, and the server keeps what it could not send.
            var entry = pollfd(fd: slow.socket.descriptor, events: Int16(POLLOUT), revents: 0)
            while unsafe poll(&entry, 1, 50) == 1 { try #expect(other.exchange(noise) == noise) }
            for _ in 0..<4 { try #expect(other.exchange(noise) == noise) }
            var reply: [UInt8] = []
            while reply.count < sent.count {
                reply += try slow.socket.receiveExactly(min(sent.count - reply.count, 65_536))
            }
            let isSame = reply == sent
            #expect(isSame)
            try sending.join()
        }
    }
}
