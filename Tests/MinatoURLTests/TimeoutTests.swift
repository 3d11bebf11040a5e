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
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            _ = connection.readRequest()
            end.wait()
        }
        defer { end.open() }
        // Connected already: on a busy machine that alone may take longer.
        let opener = URLOpener()
        _ = try await face.open(opener, server.url()).body.collect(upTo: 1)
        let start = ContinuousClock.now
        let error = await #expect(throws: OpenError.self) {
            try await face.open(opener, server.url(), timeout: Self.short)
        }
        let time = start.duration(to: .now)
        #expect(error?.code == .timedOut && error?.operation == .open)
        // It is this limit that has ended it, and no sooner; how much later is the machine's affair.
        #expect(error?.detail == "nothing moved for 0.15 seconds")
        #expect(time >= Self.short)
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
        defer { go.open() }
        let opener = URLOpener(configuration: .timeouts { $0.idle = Self.short })
        let response = try await face.open(opener, server.url(), timeout: nil)
        let error = await #expect(throws: OpenError.self) { try await response.body.read(6) }
        #expect(error?.code == .timedOut && error?.operation == .read)
        go.open()
        var bytes: [UInt8]?
        while bytes == nil {
            do throws(OpenError) {
                bytes = try await response.body.read(6)
            } catch {
                // The machine may be busy for longer than that.
                guard error.code == .timedOut else { throw error }
            }
        }
        #expect(bytes == Array("abcdef".utf8))
    }

    /// Each byte starts the time anew: eight take longer than the timeout together, and none longer alone.
    @Test(arguments: Face.allCases)
    func slowBodiesSucceedWhileTheyMove(_ face: Face) async throws {
        let pace = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
            for index in 0..<8 {
                pace.pause(.milliseconds(500))
                connection.send([UInt8(index)])
            }
        }
        // From before the open: the task may get to reading when all of the body has come already.
        let start = ContinuousClock.now
        let response = try await face.open(URLOpener(), server.url(), timeout: .seconds(3))
        #expect(try await response.body.read(8) == [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(start.duration(to: .now) > .seconds(3))
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
            if connection.index == 0 {
                // The beginning of a TLS handshake, which nobody answers.
                _ = connection.readByte()
            } else if connection.readRequest()?.hasPrefix("GET /body") == true {
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
            await #expect(throws: OpenError.self) {
                try await face.open(connecting, "https://127.0.0.1:\(server.port)/", timeout: nil)
            },
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
        #expect(errors.prefix(4).map { $0?.code } == [.timedOut, .timedOut, .timedOut, .timedOut])
        #expect(errors.suffix(3).map { $0?.code } == [.deadlineExceeded, .deadlineExceeded, .deadlineExceeded])
        #expect(errors.map { $0?.operation } == [.connect, .connect, .open, .read, .connect, .open, .read])
        let (moved, passed) = ("nothing moved for 0.15 seconds", "the deadline has passed")
        let late = "not connected after 0.15 seconds"
        #expect(errors.map { $0?.detail } == [late, late, moved, moved, passed, passed, passed])
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
            URLOpener(), server.url(), timeout: .seconds(100), deadline: .after(.seconds(3)))
        let error = await #expect(throws: OpenError.self) { try await response.body.read(1 << 20) }
        #expect(error?.code == .deadlineExceeded && error?.operation == .read)
        #expect(try await response.body.read(1) == [7])
        let again = await #expect(throws: OpenError.self) { try await response.body.read(1 << 20) }
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

    /// A SYN that nobody answers: the open ends by its limit, and while it waits nothing else on the same loop does.
    @Test(arguments: Face.allCases)
    func aSwallowedSYNDelaysNothingElse(_ face: Face) async throws {
        let silent = try SilentListener()
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        let opener = URLOpener(configuration: .on(try EventLoop()))
        let waiting = Task { try await opener.open(silent.url, timeout: .seconds(250)) }
        for _ in 0..<20 { #expect(try await face.open(opener, server.url()).body.collect(upTo: 3).count == 3) }
        let start = ContinuousClock.now
        let error = await #expect(throws: OpenError.self) {
            try await face.open(opener, silent.url, timeout: .milliseconds(300))
        }
        #expect(error?.code == .timedOut && error?.operation == .connect, "\(error as Any)")
        #expect(start.duration(to: .now) >= .milliseconds(300))
        // The first one, whose limit is far away, was under way all the time.
        waiting.cancel()
        let cancelled = await #expect(throws: OpenError.self) { try await waiting.value }
        #expect(cancelled?.code == .cancelled, "\(cancelled as Any)")
    }

    /// A name server that never answers: the same.
    @Test(
        .enabled(if: getuid() == 0, "only root can have a network and an /etc/resolv.conf of its own"),
        arguments: Face.allCases)
    func aDeadNameServerDelaysNothingElse(_ face: Face) async throws {
        await #expect(processExitsWith: .success) { [isTasks = (face == .tasks) as Bool] in
            let directory = try TemporaryDirectory()
            // The resolver gives up after 150 seconds: who ends sooner, and with another error, has ended by the limit.
            let lines = "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n"
            let file = try directory.write("resolv.conf", Array(lines.utf8))
            // Threads that this one starts, the loop's and those that look names up, are in the same namespaces.
            let (opener, nameServer, server, threads) = try await Background {
                try OwnNetwork.enter(resolvConf: file)
                let nameServer = try Socket(.ipv4, .datagram)
                try nameServer.bind(to: SocketAddress(host: "127.0.0.1", port: 53))
                let server = try RawServer { $0.answerAll { _ in okay("abc") } }
                let opener = URLOpener(configuration: .on(try EventLoop()))
                let threads = try (0..<3).map { _ in
                    try Background {
                        try opener.openBlocking("http://name.example/", timeout: .milliseconds(500)).status
                    }
                }
                return (opener, SocketBox(nameServer), server, threads)
            }.value
            let waiting = Task { try await opener.open("http://waiting.example/", timeout: .seconds(250)) }
            for _ in 0..<20 {
                #expect(try await opener.open(server.url()).body.collect(upTo: 3) == Array("abc".utf8))
            }
            waiting.cancel()
            #expect(await #expect(throws: OpenError.self) { try await waiting.value }?.code == .cancelled)
            for thread in threads {
                let start = ContinuousClock.now
                let error = await #expect(throws: OpenError.self) {
                    isTasks
                        ? try await opener.open("http://name.example/", timeout: .milliseconds(500)).status
                        : try await thread.value
                }
                #expect(error?.code == .timedOut && error?.operation == .connect, "\(error as Any)")
                #expect(error?.detail == "not connected after 0.5 seconds")
                if isTasks { #expect(start.duration(to: .now) >= .milliseconds(500)) }
            }
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
        let response = try urlopenBlocking(server.url(), timeout: .seconds(200))
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
        // libcurl is left alone for a minute, and the timeout of the read is longer still.
        #expect(start.duration(to: .now) < .seconds(30))
    }
}
