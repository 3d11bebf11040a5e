import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Timeouts and deadlines", .watchdog)
struct DeadlineTests {
    @Test(
        "Durations become nanoseconds: rounded up, never zero when positive, saturating",
        arguments: [
            (.zero, 0), (.nanoseconds(1), 1), (Duration(secondsComponent: 0, attosecondsComponent: 1), 1),
            (Duration(secondsComponent: 1, attosecondsComponent: 1), 1_000_000_001), (.seconds(3), 3_000_000_000),
            (.seconds(Int64.max), Int64.max), (.seconds(Int64.min), Int64.min),
            (.seconds(9_223_372_036), 9_223_372_036_000_000_000),
            (.nanoseconds(-5), -5), (.seconds(9_223_372_037), .max),
        ] as [(Duration, Int64)])
    func nanoseconds(_ duration: Duration, _ expected: Int64) {
        #expect(duration.nanosecondsRoundedUp == expected)
    }

    @Test("nil never comes, zero has always passed, and too long never comes")
    func deadlines() {
        #expect(Deadline.after(nil) == .none)
        #expect(Deadline.after(.zero) == .atOnce)
        #expect(Deadline.after(.seconds(Int64.max)) == .none)
        #expect(Deadline.after(nanoseconds: -1) == .atOnce)
        #expect(!Deadline.after(.seconds(100)).hasPassed)
        #expect(Deadline.atOnce.hasPassed)
        #expect(Deadline.atOnce < .none)
        #expect(Deadline.none.remainingNanoseconds == .max)
    }

    @Test("A socket's timeout: nil at first, zero and positive are kept, negative is refused and changes nothing")
    func timeout() throws {
        var socket = try Socket(.ipv4)
        #expect(socket.timeout == nil)
        try socket.setTimeout(.zero)
        #expect(socket.timeout == .zero)
        try socket.setTimeout(.milliseconds(1500))
        let error = #expect(throws: SocketError.self) { try socket.setTimeout(.nanoseconds(-1)) }
        #expect(error?.code == .invalidArgument)
        #expect(socket.timeout == .milliseconds(1500))
        try socket.setTimeout(Duration(secondsComponent: 0, attosecondsComponent: 1))
        #expect(socket.timeout == .nanoseconds(1))
        try socket.setTimeout(.seconds(Int64.max))
        #expect(socket.timeout == .nanoseconds(Int64.max))
        try socket.setTimeout(nil)
        #expect(socket.timeout == nil)
    }
}
