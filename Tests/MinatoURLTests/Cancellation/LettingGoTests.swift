import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// A response that is closed, or let go of, before its end: its connection is closed at once, and serves nobody else.
@Suite(.watchdog) struct LettingGoTests {
    enum Way: CaseIterable, Sendable {
        /// While another task, or thread, reads; while nobody does; by nobody who would say so.
        case closedDuringARead, closed, dropped
    }

    @Test(arguments: Face.allCases, Standstill.Place.withResponse.flatMap { place in Way.allCases.map { (place, $0) } })
    func endsTheTransfer(_ face: Face, _ row: (place: Standstill.Place, way: Way)) async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let standstill = try Standstill(row.place)
        let opener = try standstill.opener(on: loop)
        let neighbour = try await Neighbour(opener)
        var response: AnyResponse? = try await standstill.open(face, opener)
        #expect(await standstill.isThere())
        let sockets = try standstill.sockets
        #expect(sockets.count == 1 && sockets.allSatisfy(\.isOpen))

        switch row.way {
        case .closedDuringARead:
            let read = Task { [body = response?.body] in try await body?.read(9) }
            while face == .tasks, response?.body.pipe?.moment.waitingSince == nil { await Task.yield() }
            response?.close()
            let error = await #expect(throws: OpenError.self) { try await read.value }
            #expect(error?.code == .closed && error?.operation == .read)
        case .closed:
            response?.close()
            let again = await #expect(throws: OpenError.self) { try await response?.body.read(1) }
            #expect(again?.code == .closed && again?.detail == "the response was closed")
        case .dropped: break
        }
        response = nil
        await loop.turn()
        #expect(!sockets.contains { $0.isOpen })
        // A thread that has read lets go of the body a moment after its result is here.
        while face == .threads, !standstill.trace.isFreed { await Task.yield() }
        #expect(standstill.trace.isFreed)
        #expect(await standstill.isGone.opened())
        #expect(try await face.open(opener, standstill.url("/again")).body.collect(upTo: 9) == Array("again".utf8))
        #expect(standstill.connections == 2)
        #expect(try await neighbour.isServed())
        #expect(try await neighbour.isUnharmed())
    }

    /// One whose body nobody reads, so that the server can send no more: stopped, and closed, dropped, or read and then closed.
    @Test(arguments: Face.allCases, Way.allCases)
    func endsWhatIsStopped(_ face: Face, _ way: Way) async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let (sent, gone) = (Outcome.Counter(), Gate())
        let server = try RawServer { connection in
            guard connection.readRequest()?.hasPrefix("GET /endless") == true else {
                connection.send(okay("again"))
                return
            }
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send([UInt8](repeating: 7, count: 1 << 16)) { sent.add(1 << 16) }
            gone.open()
        }
        let opener = URLOpener(configuration: .on(loop))
        let neighbour = try await Neighbour(opener)
        let trace = Trace()
        func open() async throws -> AnyResponse {
            let request = try URLOpener.Request(server.url("/endless"), method: "GET", body: .bytes([]))
            trace.follow(request)
            return try await face.open(opener, request, timeout: nil)
        }
        var response: AnyResponse? = try await open()
        let sockets = try ClientSocket.all(to: server.port)
        // Until the buffer is full, which a thread fills only when it reads; one byte out of it does not make the transfer go on.
        while face == .tasks, let pipe = response?.body.pipe, !pipe.isFull { await Task.yield() }
        #expect(try await response?.body.read(1) == [7])
        #expect(try await neighbour.isServed())
        #expect(sockets.count == 1 && sockets.allSatisfy(\.isOpen))
        if way == .closedDuringARead {
            // More than comes before it is closed: it goes on, and the server sends.
            let before = sent.value
            let read = Task { [body = response?.body] in try await body?.read(1 << 40) }
            while sent.value < before + 8 << 20 { await Task.yield() }
            response?.close()
            let error = await #expect(throws: OpenError.self) { try await read.value }
            #expect(error?.code == .closed)
        } else if way == .closed {
            response?.close()
            #expect(await #expect(throws: OpenError.self) { try await response?.body.read(1) }?.code == .closed)
        }
        response = nil
        await loop.turn()
        #expect(!sockets.contains { $0.isOpen })
        #expect(trace.isFreed)
        #expect(await gone.opened())
        #expect(try await face.open(opener, server.url("/again")).body.collect(upTo: 9) == Array("again".utf8))
        #expect(server.peers.count == 2)
        #expect(try await neighbour.isServed())
        #expect(try await neighbour.isUnharmed())
    }

    /// The head has come while the body of the request was still under way: closing, or dropping, ends both.
    @Test(arguments: [false, true])
    func endsWhatGoesBothWays(_ closes: Bool) async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let (gone, streamHasEnded) = (Gate(), Gate())
        let server = try RawServer { connection in
            _ = connection.readHead()
            // A response that ends before the body has begun would leave nobody to end.
            let chunk = connection.read(6)
            #expect(chunk == Array("1\r\nA\r\n".utf8))
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            while !connection.read(1 << 10).isEmpty {}
            gone.open()
        }
        let opener = URLOpener(configuration: .on(loop))
        let trace = Trace()
        func open() async throws -> URLOpener.Response {
            let body = URLOpener.Request.Body.stream(length: nil) { writer in
                defer { streamHasEnded.open() }
                try await writer.write([65])
                await waitUntilCancelled()
            }
            let request = try URLOpener.Request(server.url(), body: body)
            trace.follow(request)
            return try await opener.open(request, timeout: nil)
        }
        var response: URLOpener.Response? = try await open()
        #expect(try await response?.body.read(3) == Array("abc".utf8))
        let sockets = try ClientSocket.all(to: server.port)
        #expect(sockets.count == 1)
        if closes { response?.close() }
        response = nil
        await loop.turn()
        #expect(!sockets.contains { $0.isOpen } && trace.isFreed)
        #expect(await gone.opened())
        #expect(await streamHasEnded.opened())
    }

    /// A read of a thread that another thread's `close()` finds at any moment: it ends with `closed`, or had all it wanted.
    @Test func closingStorm() throws {
        let server = try RawServer { connection in
            while connection.readRequest() != nil {
                guard connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"), connection.send("c") else {
                    return
                }
            }
        }
        let opener = URLOpener()
        let outcome = Outcome()
        let right = Outcome.Counter()
        let rounds = 200
        for round in 0..<rounds {
            let response = try opener.openBlocking(server.url(), timeout: .seconds(60))
            try outcome.run {
                do throws(OpenError) {
                    if try response.body.read(3) == Array("abc".utf8) { right.add(1) }
                } catch {
                    if error.code == .closed { right.add(1) } else { outcome.set(error) }
                }
            }
            for _ in 0..<(round % 20) { sched_yield() }
            response.close()
        }
        #expect(outcome.wait(rounds))
        #expect(outcome.errors.isEmpty && right.value == rounds)
    }
}
