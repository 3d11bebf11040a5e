import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// A task that is cancelled ends at once, wherever its transfer stands, and leaves nothing behind.
///
/// No limit of time is set, and nobody does anything more: nothing but the cancellation can end what ends here. When the loop
/// has done what was left for it, the connection is closed and the transfer freed: nothing is waited for.
@Suite(.watchdog) struct CancellationTests {
    @Test(arguments: Standstill.Place.allCases)
    func endsEverywhere(_ place: Standstill.Place) async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let standstill = try Standstill(place)
        let opener = try standstill.opener(on: loop)
        let neighbour = try await Neighbour(opener)
        let task = Task { try await standstill.open(.tasks, opener).body.read(9).count }
        #expect(await standstill.isThere())
        #expect(try await neighbour.isServed())
        let sockets = try standstill.sockets
        #expect(sockets.count == 1 && sockets.allSatisfy(\.isOpen) && !standstill.trace.isFreed)

        task.cancel()
        let error = await #expect(throws: OpenError.self) { try await task.value }
        #expect(error?.code == .cancelled && error?.detail == "the task was cancelled")
        #expect(error?.operation == (place.hasResponse ? .read : .open))
        await loop.turn()
        #expect(!sockets.contains { $0.isOpen })
        #expect(standstill.trace.isFreed)

        #expect(try await neighbour.isServed())
        standstill.mayRead.open()
        if place != .connecting { #expect(await standstill.isGone.opened()) }
        if place == .sendingAStream || place == .waitingForTheStream {
            #expect(await standstill.streamHasEnded.opened())
        }
        if place.isPlain {
            #expect(try await opener.open(standstill.url("/again")).body.collect(upTo: 9) == Array("again".utf8))
            #expect(standstill.connections == 2)
        }
        #expect(try await neighbour.isUnharmed())
    }

    /// A pause before another try, over the wire: the connection of the first one is not the task's any more, and stays.
    @Test func endsAPause() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let asked = Gate()
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                guard request.hasPrefix("GET /busy") else {
                    connection.send(okay("abc"))
                    continue
                }
                connection.send("HTTP/1.1 503 Later\r\nRetry-After: 3000\r\nContent-Length: 0\r\n\r\n")
                if connection.waitUntilRead() { asked.open() }
            }
        }
        var configuration = URLOpener.Configuration.on(loop)
        configuration.retries = .init(attempts: 2)
        configuration.retries.longestRetryAfter = .seconds(5000)
        let opener = URLOpener(configuration: configuration)
        let trace = Trace()
        let task = Task {
            let request = try URLOpener.Request(server.url("/busy"), method: "GET", body: .bytes([]))
            trace.follow(request)
            return try await opener.open(request, timeout: nil).status
        }
        #expect(await asked.opened())
        await loop.turn()
        task.cancel()
        let error = await #expect(throws: OpenError.self) { try await task.value }
        #expect(error?.code == .cancelled && error?.operation == .open)
        await loop.turn()
        #expect(trace.isFreed)
        #expect(try await opener.open(server.url()).body.collect(upTo: 3) == Array("abc".utf8))
        #expect(server.requests.count == 2 && server.peers.count == 1)
    }

    /// Two that will share a connection, if it becomes one of HTTP/2, wait for one handshake. Who gives up first leaves the other
    /// to it: whoever has connected, or has only waited.
    @Test(arguments: [true, false])
    func leavesASharedConnectionToTheOther(_ givesUpFirst: Bool) async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let (begun, gone) = (Gate(), Gate())
        let server = try RawServer { connection in
            _ = connection.readByte()
            begun.open()
            while !connection.read(1 << 16).isEmpty {}
            gone.open()
        }
        var configuration = URLOpener.Configuration.on(loop)
        configuration.timeouts.connect = nil
        let opener = URLOpener(configuration: configuration)
        let traces = [Trace(), Trace()]
        func open(_ trace: Trace) -> Task<Int, any Error> {
            Task {
                let request = try URLOpener.Request(
                    "https://127.0.0.1:\(server.port)/", method: "GET", body: .bytes([]))
                trace.follow(request)
                return try await opener.open(request, timeout: nil).status
            }
        }
        let first = open(traces[0])
        #expect(await begun.opened())
        let second = open(traces[1])
        while !traces[1].hasBegun { await Task.yield() }
        for _ in 0..<5 { await loop.turn() }
        #expect(server.peers.count == 1)

        let (leaving, staying) = givesUpFirst ? (first, second) : (second, first)
        leaving.cancel()
        #expect(await #expect(throws: OpenError.self) { try await leaving.value }?.code == .cancelled)
        await loop.turn()
        #expect(traces[givesUpFirst ? 0 : 1].isFreed && !traces[givesUpFirst ? 1 : 0].isFreed)
        if givesUpFirst {
            #expect(await gone.opened())
            #expect(await begun.opened(2))
        } else {
            #expect(server.peers.count == 1)
        }
        staying.cancel()
        #expect(await #expect(throws: OpenError.self) { try await staying.value }?.code == .cancelled)
        await loop.turn()
        #expect(traces[givesUpFirst ? 1 : 0].isFreed)
        #expect(await gone.opened(givesUpFirst ? 2 : 1))
    }
}
