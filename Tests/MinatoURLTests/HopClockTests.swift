import MinatoSocket
import Testing

@testable import MinatoURL

/// Which limit is over at which moment, as a table; the hop begins at 1000 s.
@Suite struct HopClockTests {
    private static let start: Int64 = 1_000_000_000_000

    private static func second(_ seconds: Double) -> Int64 { start + Int64(seconds * 1_000_000_000) }

    struct Row: Sendable, CustomTestStringConvertible {
        var limits: HopLimits
        var now: Double
        var moment: HopClock.Moment
        var verdict: HopClock.Verdict
        var testDescription: String { "\(limits) at \(now): \(moment)" }

        init(_ limits: HopLimits, at now: Double, _ moment: HopClock.Moment, _ verdict: HopClock.Verdict) {
            (self.limits, self.now, self.moment, self.verdict) = (limits, now, moment, verdict)
        }
    }

    private static let all = HopLimits(
        connect: .seconds(10), firstByte: .seconds(5), idle: .seconds(2),
        deadline: Deadline(nanoseconds: second(60)))
    private static let connecting = HopClock.Moment()
    private static let sending = HopClock.Moment(connectedAt: second(1), lastProgress: second(3))
    private static let waiting = HopClock.Moment(
        connectedAt: second(1), hasHead: true, lastProgress: second(10), waitingSince: second(9))
    private static let reading = HopClock.Moment(connectedAt: second(1), hasHead: true, lastProgress: second(10))

    static let rows: [Row] = [
        // Connecting: the limit is for all of it, whatever moves; the next step, and the one after it, may begin any moment.
        Row(all, at: 0, connecting, .wait(until: second(2))),
        Row(HopLimits(connect: .seconds(10), firstByte: .seconds(5)), at: 1, connecting, .wait(until: second(6))),
        Row(all, at: 9, connecting, .wait(until: second(10))),
        Row(all, at: 9.9, connecting, .wait(until: second(10))),
        Row(all, at: 10, connecting, .over(.connect(.seconds(10)))),
        // Once more, for a request that has gone out already: from then on.
        Row(all, at: 39, HopClock.Moment(connectingSince: second(30)), .wait(until: second(40))),
        Row(all, at: 40, HopClock.Moment(connectingSince: second(30)), .over(.connect(.seconds(10)))),
        Row(HopLimits(connect: .zero), at: 0, connecting, .over(.connect(.zero))),
        Row(HopLimits(), at: 1e6, connecting, .wait(until: .max)),
        Row(HopLimits(connect: .seconds(Int64.max)), at: 1e6, connecting, .wait(until: .max)),
        // Connected: from then on, or from the last byte that went out.
        Row(all, at: 5, HopClock.Moment(connectedAt: second(1)), .wait(until: second(6))),
        Row(all, at: 2, HopClock.Moment(connectedAt: second(1)), .wait(until: second(4))),
        Row(all, at: 6, HopClock.Moment(connectedAt: second(1)), .over(.firstByte(.seconds(5)))),
        Row(all, at: 7, sending, .wait(until: second(8))),
        Row(all, at: 8, sending, .over(.firstByte(.seconds(5)))),
        Row(HopLimits(connect: .seconds(1)), at: 100, sending, .wait(until: .max)),
        // A body on its way out, or about to be: looked at often, for what counts is the last piece of it.
        Row(all, at: 0, HopClock.Moment(isSending: true), .wait(until: second(0.05))),
        Row(
            all, at: 7, HopClock.Moment(connectedAt: second(1), isSending: true, lastProgress: second(3)),
            .wait(until: second(7.05))),
        Row(
            all, at: 7.97, HopClock.Moment(connectedAt: second(1), isSending: true, lastProgress: second(3)),
            .wait(until: second(8))),
        Row(
            all, at: 8, HopClock.Moment(connectedAt: second(1), isSending: true, lastProgress: second(3)),
            .over(.firstByte(.seconds(5)))),
        Row(HopLimits(connect: .seconds(10)), at: 7, HopClock.Moment(isSending: true), .wait(until: second(10))),
        Row(HopLimits(idle: .seconds(2)), at: 7, HopClock.Moment(isSending: true), .wait(until: second(7.05))),
        Row(
            all, at: 11, HopClock.Moment(hasHead: true, isSending: true, lastProgress: second(10)),
            .wait(until: second(11.05))),
        // The body: from the last byte, or from when somebody began to wait, whatever is later.
        Row(all, at: 11, waiting, .wait(until: second(12))),
        Row(all, at: 12, waiting, .over(.idle(.seconds(2)))),
        Row(
            all, at: 31, HopClock.Moment(hasHead: true, lastProgress: second(10), waitingSince: second(30)),
            .wait(until: second(32))),
        // Nobody waits: looked at again when somebody might have waited for long enough, but not all the time.
        Row(all, at: 30, reading, .wait(until: second(32))),
        Row(HopLimits(idle: .zero), at: 30, reading, .wait(until: second(30.02))),
        Row(HopLimits(idle: .zero), at: 30, waiting, .over(.idle(.zero))),
        // One wait with a limit of its own.
        Row(
            HopLimits(), at: 30,
            HopClock.Moment(hasHead: true, waitingSince: second(29), waitLimit: .init(nanoseconds: second(31))),
            .wait(until: second(31))),
        Row(
            all, at: 31,
            HopClock.Moment(hasHead: true, waitingSince: second(31), waitLimit: .init(nanoseconds: second(31))),
            .over(.wait)),
        // The deadline ends whatever is under way.
        Row(all, at: 60, connecting, .over(.deadline)), Row(all, at: 60, sending, .over(.deadline)),
        Row(all, at: 60, reading, .over(.deadline)), Row(all, at: 59, reading, .wait(until: second(60))),
        Row(HopLimits(deadline: .atOnce), at: 0, connecting, .over(.deadline)),
    ]

    @Test(arguments: rows)
    func saysWhatIsOver(_ row: Row) {
        let clock = HopClock(row.limits, start: Self.start)
        #expect(clock.verdict(at: Self.second(row.now), row.moment) == row.verdict)
    }

    @Test(arguments: [
        (HopClock.Over.connect(.seconds(1)), "connect http://h/: not connected after 1.0 seconds (timedOut)", true),
        (.firstByte(.seconds(1)), "open http://h/: nothing moved for 1.0 seconds (timedOut)", true),
        (.idle(.seconds(1)), "read http://h/: nothing moved for 1.0 seconds (timedOut)", false),
        (.wait, "read http://h/: nothing came in time (timedOut)", false),
        (.deadline, "open http://h/: the deadline has passed (deadlineExceeded)", true),
    ])
    func saysSo(_ over: HopClock.Over, _ text: String, _ isFinal: Bool) {
        #expect(over.error(.open, url: "http://h/").description == text)
        #expect(over.isFinal == isFinal)
    }
}
