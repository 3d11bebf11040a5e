import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct TimeoutTests {
    private static let short = Duration.milliseconds(150)

    @Test(arguments: Face.allCases)
    func waitingForTheHeadEnds(_ face: Face) async throws {
        let end = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            end.wait()
        }
        defer { end.open() }
        let start = ContinuousClock.now
        let error = await #expect(throws: OpenError.self) {
            try await face.open(URLOpener(), server.url(), timeout: Self.short)
        }
        let time = start.duration(to: .now)
        #expect(error?.code == .timedOut && error?.operation == .open)
        #expect(error?.detail == "nothing moved for 0.15 seconds")
        #expect(time >= Self.short && time < .seconds(5))
    }

    @Test(arguments: Face.allCases)
    func zeroNeverWaits(_ face: Face) async throws {
        let end = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            end.wait()
        }
        defer { end.open() }
        let error = await #expect(throws: OpenError.self) {
            try await face.open(URLOpener(), server.url(), timeout: .zero)
        }
        #expect(error?.code == .timedOut)
    }

    @Test(arguments: Face.allCases)
    func aTimedOutReadLosesNothing(_ face: Face) async throws {
        let go = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
            go.wait()
            connection.send("def")
        }
        let response = try await face.open(URLOpener(), server.url(), timeout: Self.short)
        let error = await #expect(throws: OpenError.self) { try await response.body.read(6) }
        #expect(error?.code == .timedOut && error?.operation == .read)
        go.open()
        #expect(try await response.body.read(6) == Array("abcdef".utf8))
    }

    /// Each byte starts the time anew: eight take longer than the timeout together, and none longer alone.
    @Test(arguments: Face.allCases)
    func slowBodiesSucceedWhileTheyMove(_ face: Face) async throws {
        let pace = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
            for index in 0..<8 {
                pace.pause(.milliseconds(200))
                connection.send([UInt8(index)])
            }
        }
        // From before the open: the task may get to reading when all of the body has come already.
        let start = ContinuousClock.now
        let response = try await face.open(URLOpener(), server.url(), timeout: .seconds(1))
        #expect(try await response.body.read(8) == [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(start.duration(to: .now) > .seconds(1))
    }

    @Test(arguments: Face.allCases)
    func hugeTimeoutsAreNone(_ face: Face) async throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        for timeout in [Duration.seconds(Int64.max), .seconds(1 << 40), .nanoseconds(Int64.max)] {
            #expect(try await face.open(URLOpener(), server.url(), timeout: timeout).body.collect(upTo: 3).count == 3)
        }
    }

    /// Each step by its own limit, the others being far away.
    @Test(arguments: Face.allCases)
    func stepsAreToldApart(_ face: Face) async throws {
        let end = Gate()
        let server = try RawServer { connection in
            if connection.readRequest()?.hasPrefix("GET /body") == true {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
            }
            end.wait()
        }
        defer { end.open() }
        let silent = try SilentListener()
        let connecting = URLOpener(configuration: .timeouts { $0.connect = Self.short })
        let first = URLOpener(configuration: .timeouts { $0.firstByte = Self.short })
        let idle = URLOpener(configuration: .timeouts { $0.idle = Self.short })
        let total = URLOpener(configuration: .timeouts { $0.total = .milliseconds(400) })
        let errors = [
            await #expect(throws: OpenError.self) { try await face.open(connecting, silent.url, timeout: nil) },
            await #expect(throws: OpenError.self) { try await face.open(first, server.url(), timeout: nil) },
            await #expect(throws: OpenError.self) {
                try await face.open(idle, server.url("/body"), timeout: nil).body.read(6)
            },
            await #expect(throws: OpenError.self) { try await face.open(total, silent.url, timeout: nil) },
            await #expect(throws: OpenError.self) { try await face.open(total, server.url(), timeout: nil) },
            await #expect(throws: OpenError.self) {
                try await face.open(total, server.url("/body"), timeout: nil).body.read(6)
            },
        ]
        #expect(errors.prefix(3).map { $0?.code } == [.timedOut, .timedOut, .timedOut])
        #expect(errors.suffix(3).map { $0?.code } == [.deadlineExceeded, .deadlineExceeded, .deadlineExceeded])
        #expect(errors.map { $0?.operation } == [.connect, .open, .read, .connect, .open, .read])
    }

    /// A byte now and then keeps every limit but the deadline; what came before it can be read.
    @Test(arguments: Face.allCases)
    func theDeadlineEndsWhatMoves(_ face: Face) async throws {
        let pace = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send([7]) { pace.pause(.milliseconds(50)) }
            pace.open()
        }
        let response = try await face.open(
            URLOpener(), server.url(), timeout: .seconds(5), deadline: .after(.milliseconds(700)))
        let error = await #expect(throws: OpenError.self) { try await response.body.read(1000) }
        #expect(error?.code == .deadlineExceeded && error?.operation == .read)
        #expect(try await response.body.read(1) == [7])
        let again = await #expect(throws: OpenError.self) { try await response.body.read(1000) }
        #expect(again?.code == .deadlineExceeded)
        #expect(await pace.opened())
    }

    @Test(arguments: Face.allCases)
    func aDeadlineThatHasPassedIsOver(_ face: Face) async throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        let error = await #expect(throws: OpenError.self) {
            try await face.open(URLOpener(), server.url(), deadline: .after(.zero))
        }
        #expect(error?.code == .deadlineExceeded)
    }

    @Test(arguments: Face.allCases)
    func aRateThatIsTooLowEnds(_ face: Face) async throws {
        let pace = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send([7]) { pace.pause(.milliseconds(50)) }
        }
        let opener = URLOpener(
            configuration: .timeouts { $0.minimumRate = .init(bytesPerSecond: 1000, for: .milliseconds(900)) })
        let response = try await face.open(opener, server.url())
        let error = await #expect(throws: OpenError.self) { try await response.body.read(1000) }
        #expect(error?.code == .tooSlow && error?.operation == .read && error?.curlCode == 28)
    }

    /// A name server that never answers: the open ends by its limit, and nothing else on the same loop waits for it.
    @Test(
        .enabled(if: getuid() == 0, "only root can have a network and an /etc/resolv.conf of its own"),
        arguments: Face.allCases)
    func aDeadNameServerEndsByTheLimit(_ face: Face) async throws {
        await #expect(processExitsWith: .success) { [isTasks = (face == .tasks) as Bool] in
            let directory = try TemporaryDirectory()
            let file = try directory.write("resolv.conf", Array("nameserver 127.0.0.1\n".utf8))
            // Threads that this one starts, the loop's and those that look names up, are in the same namespaces.
            let start = ContinuousClock.now
            let (opener, nameServer, server, thread) = try await Background {
                try OwnNetwork.enter(resolvConf: file)
                let nameServer = try Socket(.ipv4, .datagram)
                try nameServer.bind(to: SocketAddress(host: "127.0.0.1", port: 53))
                let server = try RawServer { $0.answerAll { _ in okay("abc") } }
                let opener = URLOpener(configuration: .on(try EventLoop()))
                let thread = try Background {
                    isTasks
                        ? 0 : try opener.openBlocking("http://name.example/", timeout: .milliseconds(500)).status
                }
                return (opener, SocketBox(nameServer), server, thread)
            }.value
            let dead = Task {
                isTasks
                    ? try await opener.open("http://name.example/", timeout: .milliseconds(500)).status
                    : try await thread.value
            }
            for _ in 0..<5 {
                #expect(try await opener.open(server.url()).body.collect(upTo: 3) == Array("abc".utf8))
            }
            let error = await #expect(throws: OpenError.self) { try await dead.value }
            #expect(error?.code == .timedOut && error?.operation == .connect, "\(error as Any)")
            let time = start.duration(to: .now)
            // The name server is given up after ten seconds.
            #expect(time >= .milliseconds(500) && time < .seconds(5))
            withExtendedLifetime(nameServer) {}
        }
    }

    @Test func closingWakesAReadInAnotherThread() throws {
        let end = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
            _ = connection.readByte()
            end.open()
        }
        let response = try urlopenBlocking(server.url(), timeout: .seconds(40))
        let ended = Gate()
        let outcome = Outcome()
        try outcome.run {
            do throws(OpenError) { _ = try response.body.read(6) } catch { outcome.set(error) }
            ended.open()
        }
        // Time for the other thread to be waiting; should it come later, it finds the response closed, which is right too.
        // More than 200 ms, for until then timers of libcurl's own wake it too.
        Gate().pause(.milliseconds(300))
        let start = ContinuousClock.now
        response.close()
        #expect(ended.wait() && end.wait())
        #expect(outcome.error?.code == .closed)
        // Far from the timeout of the read.
        #expect(start.duration(to: .now) < .seconds(5))
    }
}
