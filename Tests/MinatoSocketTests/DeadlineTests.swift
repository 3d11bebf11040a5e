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
            (.nanoseconds(-5), -5), (.seconds(9_223_372_037), .max),
            (.seconds(9_223_372_036), 9_223_372_036_000_000_000),
            (Duration(secondsComponent: 0, attosecondsComponent: -1), 0), (.seconds(-30), -30_000_000_000),
            (.seconds(30), 30_000_000_000), (.seconds(18) + .nanoseconds(446_744_074), 18_446_744_074),
            // Around 2 to the 92nd attoseconds, where one division ends.
            (
                Duration(secondsComponent: 4_951_760_157, attosecondsComponent: 141_521_099_000_000_000),
                4_951_760_157_141_521_099
            ),
            (
                Duration(secondsComponent: 4_951_760_157, attosecondsComponent: 141_521_099_596_496_895),
                4_951_760_157_141_521_100
            ),
            (
                Duration(secondsComponent: 4_951_760_157, attosecondsComponent: 141_521_099_596_496_896),
                4_951_760_157_141_521_100
            ),
            (
                Duration(secondsComponent: 4_951_760_157, attosecondsComponent: 141_521_100_000_000_001),
                4_951_760_157_141_521_101
            ),
        ] as [(Duration, Int64)])
    func nanoseconds(_ duration: Duration, _ expected: Int64) {
        #expect(duration.nanosecondsRoundedUp == expected)
    }

    @Test("More seconds than there are numbers for never come, or came long ago")
    func endless() {
        for duration in [Duration.seconds(Int64.max), .seconds(1e19), .seconds(Int64.max) * 4] {
            #expect(duration.nanosecondsRoundedUp == .max)
            #expect((duration * -1).nanosecondsRoundedUp == .min)
            #expect(Deadline.after(duration) == .none)
            #expect(duration.forSleeping == .seconds(3_000_000_000) && (duration * -1).forSleeping == .zero)
        }
        #expect(Duration.seconds(1).forSleeping == .seconds(1))
    }

    @Test("What was counted from a time just asked for is even, so that no long turn of a loop puts it off")
    func even() {
        for nanoseconds in 1...100 { #expect(Deadline.after(nanoseconds: Int64(nanoseconds)).nanoseconds & 1 == 0) }
        #expect(Deadline.after(nanoseconds: .max - 1) == .none)
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
