import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("Draining a server", .watchdog)
struct DrainTests {
    @Test("Handlers at work come to their end; nobody else is taken")
    func finishes() throws {
        let server = try tcpServer()
        let gate = Gate()
        let background = try Background {
            try server.serveBlocking { connection, _ in
                gate.pass()
                try connection.sendAll("done")
            }
        }
        let first = try client(of: server)
        let second = try client(of: server)
        gate.wait(for: 2)
        let drain = try Background { server.drainBlocking(timeout: nil) }
        // The listener is closed although handlers are at work. Connections until then may have been taken.
        var others = 0
        while errorCode({ () throws(SocketError) in _ = try Socket.connect(to: .address(server.address)) })
            != .connectionRefused
        {
            others += 1
        }
        gate.open()
        try #expect(first.readToEnd() == "done")
        try #expect(second.readToEnd() == "done")
        let report = try drain.join()
        #expect(2...(2 + others) ~= report.finished)
        #expect(report.ended == 0)
        try background.join()
    }

    @Test(
        "The longest time there is ends with what is in flight",
        arguments: [Duration.seconds(Int64.max), .seconds(1e19)])
    func longest(timeout: Duration) async throws {
        let server = try tcpServer()
        await #expect(server.drain(timeout: timeout) == server.report(finished: 0, ended: 0))
        #expect(server.drainBlocking(timeout: timeout) == server.report(finished: 0, ended: 0))
    }

    @Test("What is not finished in time is ended", arguments: [Duration.milliseconds(20), .zero, .seconds(-1)])
    func ends(timeout: Duration) throws {
        let server = try tcpServer()
        let started = Journal<Bool>()
        let background = try Background {
            try server.serveBlocking { connection, _ in
                started.write(true)
                _ = try connection.receive(atMost: 10)
            }
        }
        let silent = try client(of: server)
        started.wait(for: 1)
        let clock = ContinuousClock()
        let begin = clock.now
        let report = server.drainBlocking(timeout: timeout)
        #expect(clock.now - begin >= timeout)
        #expect(report.finished == 0)
        #expect(report.ended == 1)
        try #expect(silent.readToEnd() == "")
        try background.join()
        #expect(server.drainBlocking(timeout: nil).description == "0 finished, 0 ended")
    }

    @Test("A shutdown ends a drain that waits")
    func cutShort() throws {
        let server = try tcpServer()
        let started = Journal<Bool>()
        let background = try Background {
            try server.serveBlocking { connection, _ in
                started.write(true)
                _ = try connection.receive(atMost: 10)
            }
        }
        let silent = try client(of: server)
        started.wait(for: 1)
        let drain = try Background { server.drainBlocking(timeout: nil) }
        server.shutdown()
        try #expect(silent.readToEnd() == "")
        try #expect(drain.join().finished == 0)
        try background.join()
    }

    @Test("From a handler: the others are waited for, its own connection is neither waited for, ended nor counted")
    func fromHandler() throws {
        let server = try tcpServer()
        let gate = Gate()
        let reports = Journal<DrainReport>()
        let background = try Background {
            try server.serveBlocking { connection, _ in
                if try connection.receive(atMost: 10) == Array("drain".utf8) {
                    reports.write(server.drainBlocking(timeout: nil))
                    try connection.sendAll("drained")
                } else {
                    gate.pass()
                    try connection.sendAll("done")
                }
            }
        }
        let other = try client(of: server)
        try other.sendAll("work")
        gate.wait(for: 1)
        let own = try client(of: server)
        try own.sendAll("drain")
        gate.open()
        try #expect(other.readToEnd() == "done")
        try #expect(own.readToEnd() == "drained")
        try background.join()
        #expect(reports.entries.map(\.ended) == [0])
        #expect((reports.entries.first?.finished ?? -1) <= 1)
    }

    @Test("A server that does not serve is closed at once")
    func notServing() throws {
        let server = try tcpServer()
        #expect(server.drainBlocking(timeout: nil).description == "0 finished, 0 ended")
        #expect(errorCode { () throws(SocketError) in try server.serveBlocking(echo) } == .closed)
    }

    @Test("Datagrams at work are counted")
    func datagrams() throws {
        let server = try UDPServer(on: .udp("127.0.0.1", 0))
        let gate = Gate()
        let background = try Background {
            try server.serveBlocking { request in
                gate.pass()
                try request.reply("done")
            }
        }
        let sender = try Socket(.ipv4, .datagram)
        try sender.send([], to: server.address)
        gate.wait(for: 1)
        #expect(server.drainBlocking(timeout: .zero).description == "0 finished, 1 ended")
        gate.open()
        // The reply still goes out: only taking more has ended.
        try #expect(sender.receive(atMost: 10) == Array("done".utf8))
        try background.join()
    }
}
