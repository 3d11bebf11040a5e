import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Each limit of time ends what it is for at its time, neither sooner nor 0.1 s later, and nothing of it is left.
@Suite(.watchdog) struct LimitTests {
    /// The limits, and where each can be the one that ends.
    enum Limit: CaseIterable, Sendable {
        case connect, firstByte, idle, total, deadline

        func isOver(at place: Standstill.Place) -> (code: OpenError.Code, operation: OpenError.Operation)? {
            let step: OpenError.Operation =
                switch place {
                case .connecting, .handshake, .tunnel, .tunnelAnswer, .socks: .connect
                case .body, .chunk, .untilTheEnd, .encoded: .read
                default: .open
                }
            switch (self, step) {
            case (.connect, .connect), (.firstByte, .open), (.idle, .read): return (.timedOut, step)
            case (.total, _), (.deadline, _): return (.deadlineExceeded, step)
            default: return nil
            }
        }
    }

    /// Not a stream that has nothing to send: for that nobody waits. Nor a redirect, whose body has a limit of its own, nor leave
    /// to send a body, which libcurl does not wait for longer than a second. Nor the first byte while a body is sent: whenever the
    /// kernel takes a little more of it, that time begins anew.
    private static let rows = Standstill.Place.allCases
        .filter { ![.waitingForTheStream, .redirect, .leave].contains($0) }
        .flatMap { place in Limit.allCases.filter { $0.isOver(at: place) != nil }.map { (place, $0) } }
        .filter { ![.sendingBytes, .sendingAFile, .sendingAStream].contains($0.0) || $0.1 != .firstByte }

    /// A limit that begins with a piece of the body that went out begins when the loop sees it, which it looks for every 50 ms: it
    /// may be late by that, and by how late the loop is.
    private static func delay(_ place: Standstill.Place) -> Duration {
        .milliseconds(Standstill.Place.uploads.contains(place) || place.hasResponse ? 200 : 100)
    }

    @Test(arguments: rows)
    func endsInTime(_ row: (place: Standstill.Place, limit: Limit)) async throws {
        if try await ends(row, within: .milliseconds(300), isLast: false) { return }
        _ = try await ends(row, within: .seconds(6), isLast: true)
    }

    /// False: the machine was so slow that the time was over before the transfer stood still.
    private func ends(
        _ row: (place: Standstill.Place, limit: Limit), within time: Duration, isLast: Bool
    ) async throws -> Bool {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let standstill = try Standstill(row.place)
        let order = LimitOrder(on: loop, limit: time, delay: Self.delay(row.place))
        let response = Guarded<AnyResponse?>(nil)
        let task = order.begin { time in
            let opener = try standstill.opener(on: loop) { timeouts in
                switch row.limit {
                case .connect: timeouts.connect = time
                case .firstByte: timeouts.firstByte = time
                case .idle: timeouts.idle = time
                case .total: timeouts.total = time
                case .deadline: break
                }
            }
            let deadline = row.limit == .deadline ? Deadline.after(time) : .none
            let opened = try await standstill.open(.tasks, opener, deadline: deadline)
            response.withLock { $0 = opened }
            _ = try await opened.body.read(9)
        }
        let isThere = await standstill.isThere { order.names.contains("end") }
        if !isThere, !isLast {
            _ = await task.value
            standstill.mayRead.open()
            return false
        }
        #expect(isThere)
        if row.limit == .idle {
            while response.withLock({ $0?.body.pipe?.moment.waitingSince }) == nil, !order.names.contains("end") {
                await Task.yield()
            }
        }
        await loop.turn()
        let error = await order.end(of: task)
        let (code, operation) = try #require(row.limit.isOver(at: row.place))
        #expect(error?.code == code && error?.operation == operation, "\(error as Any)")
        #expect(order.names == LimitOrder.right)
        // A reader whose patience is over may read on.
        response.withLock { $0 = nil }
        await loop.turn()
        #expect(standstill.trace.isFreed)
        // A process that is being started has a copy for a moment.
        #expect(try standstill.sockets.allSatisfy { !$0.isOpen })
        standstill.mayRead.open()
        return true
    }

    /// A stream that had nothing to send for a while, and then sent its last piece: the limit begins with that.
    @Test func beginsWithTheLastPieceOfAStream() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let (waits, goesOn, hasAll, end) = (Gate(), Gate(), Gate(), Gate())
        let server = try RawServer { connection in
            guard connection.readHead() != nil else { return }
            if connection.read(6).count == 6 { waits.open() }
            if connection.read(6 + 5).count == 11 { hasAll.open() }
            end.wait()
        }
        defer { end.open() }
        let order = LimitOrder(on: loop, delay: .milliseconds(200))
        let task = order.begin { time in
            let body = URLOpener.Request.Body.stream(length: nil) { writer in
                try await writer.write([65])
                _ = await goesOn.opened()
                try await writer.write([66])
            }
            let request = try URLOpener.Request(server.url(), body: body)
            _ = try await URLOpener(configuration: .on(loop)).open(request, timeout: time)
        }
        #expect(await waits.opened())
        // Longer than the limit: who has nothing to send waits for nobody.
        try await loop.sleep(for: .milliseconds(450))
        goesOn.open()
        #expect(await hasAll.opened())
        let error = await order.end(of: task)
        #expect(error?.code == .timedOut && error?.operation == .open, "\(error as Any)")
        #expect(order.names == LimitOrder.right)
    }
}
