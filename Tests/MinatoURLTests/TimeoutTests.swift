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
        let response = try await face.open(URLOpener(), server.url(), timeout: .seconds(1))
        let start = ContinuousClock.now
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

    @Test func closingWakesAReadInAnotherThread() throws {
        let end = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
            _ = connection.readByte()
            end.open()
        }
        let response = try urlopenBlocking(server.url(), timeout: .seconds(10))
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
