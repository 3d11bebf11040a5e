import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Which address is tried when", .watchdog)
struct ConnectScheduleTests {
    static let millisecond: Int64 = 1_000_000
    static let endpoint = Endpoint.tcp("h", 1)

    static func answer(_ address: String) -> Resolver.Answer {
        let parsed = (try? SocketAddress(parsing: address)) ?? SocketAddress()
        return Resolver.Answer(address: parsed, kind: .stream, protocolNumber: 6, canonicalName: nil)
    }

    static let six = ["[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::3]:1"].map(answer)
    static let four = ["192.0.2.1:1", "192.0.2.2:1"].map(answer)

    /// The attempts that start when nothing fails, and when: milliseconds.
    private func starts(_ schedule: inout ConnectSchedule) -> [(Int64, Resolver.Answer)] {
        var now: Int64 = 0
        var starts: [(Int64, Resolver.Answer)] = []
        while true {
            switch schedule.next(at: now) {
            case .start(let number, let answer):
                #expect(number == starts.count)
                starts.append((now / Self.millisecond, answer))
            case .wait(.max), .fail: return starts
            case .wait(let until):
                #expect(until > now)
                now = until
            }
        }
    }

    @Test("The families take turns, 250 ms apart, and each address is tried once")
    func order() {
        let (six, four) = (Self.six, Self.four)
        let rows: [([Resolver.Answer], [Resolver.Answer])] = [
            (six + four, [six[0], four[0], six[1], four[1], six[2]]),
            (four + six, [four[0], six[0], four[1], six[1], six[2]]),
            ([four[0], four[0], four[1], four[0]], [four[0], four[1]]),
            ([six[0]], [six[0]]),
        ]
        for (given, expected) in rows {
            var schedule = ConnectSchedule(endpoint: Self.endpoint, source: nil)
            schedule.found(given)
            let starts = starts(&schedule)
            #expect(starts.map(\.1) == expected)
            #expect(starts.map(\.0) == expected.indices.map { Int64($0) * 250 })
        }
    }

    @Test("The next one starts at once when one fails")
    func failing() {
        var schedule = ConnectSchedule(endpoint: Self.endpoint, source: nil)
        schedule.found(Self.six)
        #expect(schedule.next(at: 0) == .start(0, Self.six[0]))
        #expect(schedule.next(at: 1) == .wait(until: 250 * Self.millisecond))
        schedule.lost(0, .connectionRefused)
        #expect(schedule.next(at: 2) == .start(1, Self.six[1]))
        #expect(schedule.next(at: 3) == .wait(until: 250 * Self.millisecond + 2))
        // A second report of the same attempt changes nothing.
        schedule.lost(0, .connectionRefused)
        schedule.lost(77, .connectionRefused)
        #expect(schedule.next(at: 4) == .wait(until: 250 * Self.millisecond + 2))
        // One that fails while another is under way.
        #expect(schedule.next(at: 300 * Self.millisecond) == .start(2, Self.six[2]))
        schedule.lost(2, .networkUnreachable)
        #expect(schedule.next(at: 301 * Self.millisecond) == .wait(until: .max))
    }

    @Test("IPv4 waits 50 ms for the IPv6 look-up, and no longer than that one takes; IPv6 never waits")
    func resolutionDelay() {
        let absent = SocketError(.resolve, .unknownHost, subject: "h:1")
        let families: Set<Socket.Family> = [.ipv4, .ipv6]
        var late = ConnectSchedule(endpoint: Self.endpoint, source: nil, awaiting: families)
        #expect(late.next(at: 0) == .wait(until: .max))
        late.found(Self.four, by: .ipv4, at: 7)
        #expect(late.next(at: 8) == .wait(until: 50 * Self.millisecond + 7))
        #expect(late.next(at: 50 * Self.millisecond + 7) == .start(0, Self.four[0]))
        late.found(Self.six, by: .ipv6, at: 60 * Self.millisecond)
        #expect(late.next(at: 300 * Self.millisecond + 7) == .start(1, Self.six[0]))

        var inTime = ConnectSchedule(endpoint: Self.endpoint, source: nil, awaiting: families)
        inTime.found(Self.four, by: .ipv4, at: 0)
        inTime.found(Self.six, by: .ipv6, at: 9)
        #expect(inTime.next(at: 9) == .start(0, Self.six[0]))
        #expect(inTime.next(at: 250 * Self.millisecond + 9) == .start(1, Self.four[0]))

        var without = ConnectSchedule(endpoint: Self.endpoint, source: nil, awaiting: families)
        without.found(Self.four, by: .ipv4, at: 0)
        without.notFound(absent, by: .ipv6)
        #expect(without.next(at: 9) == .start(0, Self.four[0]))

        var sixFirst = ConnectSchedule(endpoint: Self.endpoint, source: nil, awaiting: families)
        sixFirst.found([Self.six[0]], by: .ipv6, at: 0)
        #expect(sixFirst.next(at: 0) == .start(0, Self.six[0]))
        sixFirst.lost(0, .networkUnreachable)
        // The other look-up is still under way: nothing is over.
        #expect(sixFirst.next(at: 1) == .wait(until: .max))
        sixFirst.found([Self.four[0]], by: .ipv4, at: 2)
        #expect(sixFirst.next(at: 2) == .start(1, Self.four[0]))
    }

    @Test("Errors name every address in the order of trying, and the look-ups that could not be made")
    func errors() {
        let absent = SocketError(.resolve, .unknownHost, subject: "h:1")
        let unavailable = SocketError(.resolve, .resolverUnavailable, subject: "h:1")
        let families: Set<Socket.Family> = [.ipv4, .ipv6]

        var one = ConnectSchedule(endpoint: Self.endpoint, source: nil)
        one.found([Self.four[0]])
        _ = one.next(at: 0)
        #expect(
            one.failure(.timedOut).description == "connect tcp 192.0.2.1:1: Connection timed out (ETIMEDOUT)")
        one.lost(0, .connectionRefused)
        #expect(one.next(at: 0) == .fail(one.failure(.connectionRefused)))
        #expect(
            one.failure(.connectionRefused).description
                == "connect tcp 192.0.2.1:1: Connection refused (ECONNREFUSED)")

        var two = ConnectSchedule(endpoint: Self.endpoint, source: nil, awaiting: families)
        two.found([Self.six[0]], by: .ipv6)
        _ = two.next(at: 0)
        two.found([Self.four[0]], by: .ipv4)
        _ = two.next(at: 250 * Self.millisecond)
        two.lost(1, .connectionRefused)
        #expect(
            two.failure(.timedOut).description
                == "connect tcp://h:1: Connection timed out (ETIMEDOUT) [connect tcp [2001:db8::1]:1: Connection timed out "
                + "(ETIMEDOUT); connect tcp 192.0.2.1:1: Connection refused (ECONNREFUSED)]")
        two.lost(0, .networkUnreachable)
        guard case .fail(let error) = two.next(at: 0) else { return #expect(Bool(false), "no failure") }
        #expect(error.code == .networkUnreachable)
        #expect(error.attempts.map(\.code) == [.networkUnreachable, .connectionRefused])

        var partly = ConnectSchedule(endpoint: Self.endpoint, source: nil, awaiting: families)
        partly.notFound(unavailable, by: .ipv6)
        partly.found([Self.four[0]], by: .ipv4)
        _ = partly.next(at: 0)
        partly.lost(0, .connectionRefused)
        guard case .fail(let both) = partly.next(at: 0) else { return #expect(Bool(false), "no failure") }
        #expect(both.code == .connectionRefused)
        #expect(both.attempts.map(\.code) == [.connectionRefused, .resolverUnavailable])

        let rows: [([SocketError], SocketError.Code)] = [
            ([absent, absent], .unknownHost), ([absent, unavailable], .resolverUnavailable),
            ([unavailable, absent], .resolverUnavailable),
        ]
        for (failures, code) in rows {
            var nothing = ConnectSchedule(endpoint: Self.endpoint, source: nil, awaiting: families)
            nothing.notFound(failures[0], by: .ipv4)
            nothing.notFound(failures[1], by: .ipv6)
            #expect(nothing.next(at: 0) == .fail(SocketError(.resolve, code, subject: "h:1")))
        }
        let waiting = ConnectSchedule(endpoint: Self.endpoint, source: nil, awaiting: families)
        #expect(waiting.failure(.timedOut).description == "resolve h:1: Connection timed out (ETIMEDOUT)")
        let fresh = ConnectSchedule(endpoint: Self.endpoint, source: nil)
        #expect(fresh.failure(.cancelled).description == "connect tcp://h:1: Operation canceled (ECANCELED)")
    }
}
