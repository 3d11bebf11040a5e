import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("What a server does when accepting fails", .watchdog)
struct AcceptBackoffTests {
    @Test(
        "Errors of one connection: go on",
        arguments: [
            EAGAIN, ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
            ENETUNREACH, ECONNREFUSED, ECONNRESET, ETIMEDOUT, EMSGSIZE,
        ])
    func harmless(code: Int32) {
        var backoff = AcceptBackoff()
        for _ in 0..<3 { #expect(backoff.failed(.init(code)) == .goOn) }
    }

    @Test(
        "One that comes each time, and never a connection, is no single connection's: pauses, told once; others' is none"
    )
    func permanent() {
        var backoff = AcceptBackoff()
        for round in 0..<3 {
            for _ in 0..<31 { #expect(backoff.failed(.init(EPERM)) == .goOn) }
            #expect(backoff.failed(.init(EPERM)) == .pause(.milliseconds(5), isNew: round == 0))
        }
        for _ in 0..<100 {
            #expect(backoff.failed(.init(ECONNABORTED)) == .goOn)
            backoff.succeeded()
            #expect(backoff.failed(.wouldBlock) == .goOn)
        }
        for _ in 0..<100 { #expect(backoff.failed(.wouldBlock) == .goOn) }
    }

    @Test("Errors of the listener: end", arguments: [EBADF, ENOTSOCK, EINVAL])
    func fatal(code: Int32) {
        var backoff = AcceptBackoff()
        #expect(backoff.failed(.init(code)) == .end)
    }

    @Test(
        "Something is used up, or nobody knows: pauses from 5 ms doubling to 1 s, told once",
        arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM, EIO, 4095])
    func episode(code: Int32) {
        var backoff = AcceptBackoff()
        var now: Int64 = 1_000_000_000
        for _ in 0..<2 {
            var milliseconds: [Int] = []
            for index in 0..<10 {
                guard case .pause(let pause, let isNew) = backoff.failed(.init(code), now: now) else {
                    Issue.record("no pause")
                    return
                }
                #expect(isNew == (index == 0))
                now += pause.nanosecondsRoundedUp
                milliseconds.append(Int(pause / .milliseconds(1)))
                // In between others may abort their connections: that does not end the episode.
                #expect(backoff.failed(.connectionAborted) == .goOn)
            }
            #expect(milliseconds == [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000])
            // Quiet for a second after the last pause.
            backoff.succeeded()
            now += 1_000_000_001
        }
    }

    @Test("At the edge of scarcity, where one in two attempts succeeds: one episode, at most 40 failures a second")
    func edge() throws {
        var backoff = AcceptBackoff()
        var now: Int64 = 0
        var failures = 0
        var reports = 0
        while now < 10_000_000_000 {
            guard case .pause(let pause, let isNew) = backoff.failed(.tooManyDescriptors, now: now) else {
                Issue.record("no pause")
                return
            }
            failures += 1
            reports += isNew ? 1 : 0
            now += pause.nanosecondsRoundedUp
            backoff.succeeded()
        }
        #expect(failures <= 405)
        #expect(reports == 1)
    }
}
