import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

/// Each test runs on a thread of its own: it blocks signals, and the mask goes with the thread.
@Suite("SignalDescriptor", .watchdog)
struct SignalTests {
    @Test("Reads a signal with its sender, and is readable while one waits")
    func read() throws {
        try Background {
            let signals = try SignalDescriptor([SIGUSR2, SIGWINCH])
            #expect(try select(reading: [signals.descriptor], timeout: .zero).isEmpty)
            pthread_kill(pthread_self(), SIGUSR2)
            #expect(try select(reading: [signals.descriptor], timeout: nil).reading == [signals.descriptor])
            let info = try signals.read()
            #expect(info == SignalInfo(signal: SIGUSR2, code: -6, process: getpid(), user: getuid()))  // SI_TKILL
            #expect(try select(reading: [signals.descriptor], timeout: .zero).isEmpty)
            pthread_kill(pthread_self(), SIGWINCH)
            #expect(try signals.read(timeout: .seconds(10)).signal == SIGWINCH)
        }.join()
    }

    @Test("A selector waits for it beside sockets", arguments: SelectorTests.backends)
    func selector(_ backend: SelectorBackend) throws {
        try Background {
            let signals = try SignalDescriptor([SIGUSR2])
            let pair = try Socket.pair()
            var selector = try Selector<String>(backend: backend)
            try selector.register(signals.descriptor, for: .read, value: "signal")
            try selector.register(pair.first, for: .read, value: "socket")
            pthread_kill(pthread_self(), SIGUSR2)
            let ready = try selector.select()
            #expect(ready.map(\.value) == ["signal"])
            #expect(try signals.read().signal == SIGUSR2)
        }.join()
    }

    @Test("Zero does not wait, a positive timeout is kept under a storm of other signals, a negative one is refused")
    func timeouts() throws {
        try Background {
            let signals = try SignalDescriptor([SIGUSR2])
            #expect(errorCode { () throws(SocketError) in _ = try signals.read(timeout: .zero) } == .wouldBlock)
            #expect(
                errorCode { () throws(SocketError) in _ = try signals.read(timeout: .seconds(-1)) } == .invalidArgument)
            let storm = try SignalStorm()
            let start = ContinuousClock.now
            let code = errorCode { () throws(SocketError) in _ = try signals.read(timeout: .milliseconds(100)) }
            let time = start.duration(to: .now)
            #expect(code == .timedOut)
            #expect(time >= .milliseconds(100))
            #expect(time < .seconds(10))
            #expect(try storm.stop() > 5)
        }.join()
    }

    @Test(
        "Numbers that are no signal, and those that nobody can hold up, are refused",
        arguments: [0, -1, 999, SIGKILL, SIGSTOP])
    func refusals(_ signal: Int32) throws {
        try Background {
            for call in ["open", "block", "unblock"] {
                do throws(SocketError) {
                    switch call {
                    case "open": _ = try SignalDescriptor([SIGUSR2, signal])
                    case "block": try SignalDescriptor.block([signal])
                    default: try SignalDescriptor.unblock([signal])
                    }
                    Issue.record("\(signal) was taken by \(call)")
                } catch {
                    #expect(error.code == .invalidArgument)
                    #expect(error.description.hasPrefix("signal signals ["))
                }
            }
        }.join()
    }

    @Test("Blocks and unblocks for the calling thread; a signal that was read is gone")
    func blocking() throws {
        @Sendable func isBlocked(_ signal: Int32) -> Bool {
            var mask = sigset_t()
            unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
            return unsafe sigismember(&mask, signal) == 1
        }
        try Background {
            // The test's own threads block everything, and this one has inherited that.
            try SignalDescriptor.unblock([SIGUSR2, SIGWINCH])
            #expect(!isBlocked(SIGUSR2) && !isBlocked(SIGWINCH))
            do {
                let signals = try SignalDescriptor([SIGUSR2])
                #expect(isBlocked(SIGUSR2))
                pthread_kill(pthread_self(), SIGUSR2)
                #expect(try signals.read().signal == SIGUSR2)
            }
            // Its end leaves the mask as it is. SIGUSR2 would end the process if it were still pending.
            #expect(isBlocked(SIGUSR2))
            try SignalDescriptor.unblock([SIGUSR2])
            #expect(!isBlocked(SIGUSR2))
            try SignalDescriptor.block([SIGUSR2, SIGWINCH])
            #expect(isBlocked(SIGUSR2) && isBlocked(SIGWINCH))
        }.join()
    }
}
