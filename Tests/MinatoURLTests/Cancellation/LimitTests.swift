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

    @Test(arguments: rows)
    func endsInTime(_ row: (place: Standstill.Place, limit: Limit)) async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let standstill = try Standstill(row.place)
        let order = LimitOrder(on: loop)
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
        #expect(await standstill.isThere())
        if row.limit == .idle {
            while response.withLock({ $0?.body.pipe?.moment.waitingSince }) == nil { await Task.yield() }
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
        #expect(try standstill.sockets.isEmpty)
        standstill.mayRead.open()
    }
}
