import Glibc
import MinatoSocket
import TestSupport
import Testing

@Suite("Selector: what select returns, and when", .watchdog)
struct SelectorReadinessTests {
    static let backends = SelectorTests.backends

    /// A pipe, whose ends report a hang-up or an error and nothing else.
    final class Pipe {
        let reader: Int32
        let writer: Int32
        private var open: Set<Int32>

        init() throws {
            var ends: [Int32] = [-1, -1]
            guard unsafe pipe(&ends) == 0 else { throw HighDescriptor.Failure(code: errno) }
            (reader, writer) = (ends[0], ends[1])
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            open = [reader, writer]
        }

        func close(_ end: Int32) {
            if open.remove(end) != nil { Glibc.close(end) }
        }

        deinit {
            close(reader)
            close(writer)
        }
    }

    @Test("A hang-up and an error count as both, masked by what was registered", arguments: backends)
    func masks(_ backend: SelectorBackend) throws {
        // The reader of a pipe without a writer has POLLHUP alone, the writer of one without a reader POLLERR and POLLOUT.
        for interest in [.read, .write, [.read, .write]] as [Interest] {
            for closesWriter in [true, false] {
                let pipe = try Pipe()
                var selector = try Selector<Int>(backend: backend)
                try selector.register(closesWriter ? pipe.reader : pipe.writer, for: interest, value: 0)
                pipe.close(closesWriter ? pipe.writer : pipe.reader)
                let ready = try selector.select()
                #expect(ready.map(\.interest) == [interest], "closed \(closesWriter ? "writer" : "reader")")
            }
        }
    }

    @Test("A connect that is refused is reported to one who waits to read", arguments: backends)
    func refusedConnect(_ backend: SelectorBackend) throws {
        // Bound and not listening: nobody else gets the port meanwhile.
        let silent = try Socket.bound(to: .tcp("127.0.0.1", 0))
        var socket = try Socket(.ipv4)
        try socket.setTimeout(.zero)
        let address = try silent.localAddress
        let code = errorCode { () throws(SocketError) in try socket.connect(to: address) }
        #expect(code == .wouldBlock || code == .connectionRefused)
        var selector = try Selector<Int>(backend: backend)
        try selector.register(socket, for: .read, value: 0)
        let ready = try selector.select()
        #expect(ready.map(\.interest) == [.read])
    }

    @Test("Zero and below do not wait, a positive timeout is never cut short", arguments: backends, [true, false])
    func timeouts(_ backend: SelectorBackend, isEmpty: Bool) throws {
        let pair = try Socket.pair()
        var selector = try Selector<Int>(backend: backend)
        if !isEmpty { try selector.register(pair.first, for: .read, value: 0) }
        let start = ContinuousClock.now
        for timeout in [Duration.zero, .nanoseconds(-1), .seconds(-1_000_000)] {
            let ready = try selector.select(timeout: timeout)
            #expect(ready.isEmpty)
        }
        #expect(start.duration(to: .now) < .seconds(5))
        for timeout in [Duration.nanoseconds(1), .microseconds(400), .milliseconds(30)] {
            let start = ContinuousClock.now
            let ready = try selector.select(timeout: timeout)
            #expect(ready.isEmpty)
            #expect(start.duration(to: .now) >= timeout)
        }
    }

    @Test("nil waits until something is ready", arguments: backends)
    func waits(_ backend: SelectorBackend) throws {
        let pair = try Socket.pair()
        var selector = try Selector<Int>(backend: backend)
        try selector.register(pair.first, for: .read, value: 3)
        let writer = SharedSocket(pair.second)
        let sending = try Background { try writer.socket.sendAll("x") }
        let ready = try selector.select(timeout: nil)
        #expect(ready.map(\.value) == [3])
        try sending.join()
    }

    @Test("Signals neither end nor prolong it", arguments: backends)
    func signals(_ backend: SelectorBackend) throws {
        let (time, signals) = try Background {
            let pair = try Socket.pair()
            var selector = try Selector<Int>(backend: backend)
            try selector.register(pair.first, for: .read, value: 0)
            let storm = try SignalStorm()
            let start = ContinuousClock.now
            let ready = try selector.select(timeout: .milliseconds(150))
            let time = start.duration(to: .now)
            #expect(ready.isEmpty)
            return (time, try storm.stop())
        }.join()
        #expect(time >= .milliseconds(150))
        #expect(time < .seconds(10))
        #expect(signals > 5)
    }

    @Test("Nothing is lost when more are ready than one call reports", arguments: backends)
    func many(_ backend: SelectorBackend) throws {
        let pair = try Socket.pair()
        try pair.second.sendAll("x")
        var copies: [HighDescriptor] = []
        var selector = try Selector<Int>(backend: backend)
        for number in 0..<600 {
            let copy = try HighDescriptor(copyOf: pair.first.descriptor, from: 4000)
            copies.append(copy)
            try selector.register(copy.number, for: .read, value: number)
        }
        var seen: Set<Int> = []
        for _ in 0..<6 {
            let ready = try selector.select()
            #expect(!ready.isEmpty)
            #expect(Set(ready.map(\.value)).count == ready.count)
            seen.formUnion(ready.map(\.value))
        }
        #expect(seen == Set(0..<600))
        for copy in copies { try selector.unregister(copy.number) }
        let ready = try selector.select(timeout: .zero)
        #expect(ready.isEmpty)
    }

    @Test(
        "A wake-up ends the wait from another thread, early or late, and tells what is ready too", arguments: backends)
    func wake(_ backend: SelectorBackend) throws {
        let pair = try Socket.pair()
        var selector = try Selector<Int>(backend: backend)
        try selector.register(pair.first, for: .read, value: 1)
        let waker = selector.waker
        for _ in 0..<100 {
            let waking = try Background { waker.wake() }
            let ready = try selector.select(timeout: nil)
            #expect(ready.isEmpty)
            try waking.join()
        }
        // Several before one select count as one.
        for _ in 0..<5 { waker.wake() }
        let start = ContinuousClock.now
        var ready = try selector.select(timeout: .seconds(30))
        #expect(ready.isEmpty)
        #expect(start.duration(to: .now) < .seconds(20))
        ready = try selector.select(timeout: .milliseconds(5))
        #expect(ready.isEmpty)
        #expect(start.duration(to: .now) >= .milliseconds(5))

        try pair.second.sendAll("x")
        waker.wake()
        ready = try selector.select()
        #expect(ready.map(\.value) == [1])
    }

    @Test("Waking a selector that is gone does nothing, from many threads while it goes", arguments: backends)
    func wakeAfterwards(_ backend: SelectorBackend) throws {
        for _ in 0..<20 {
            let (waker, threads) = try usingOnce(backend)
            waker.wake()
            for thread in threads { try thread.join() }
            waker.wake()
        }
    }

    /// Makes a selector and lets it go while others wake it.
    private func usingOnce(_ backend: SelectorBackend) throws -> (SelectorWaker, [Background<Void>]) {
        var selector = try Selector<Int>(backend: backend)
        let waker = selector.waker
        let threads = try (0..<2).map { _ in
            try Background {
                for _ in 0..<50 { waker.wake() }
            }
        }
        _ = try selector.select(timeout: nil)
        return (waker, threads)
    }
}
