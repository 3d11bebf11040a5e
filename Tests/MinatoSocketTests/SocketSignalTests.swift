import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Signals and SIGPIPE", .watchdog)
struct SocketSignalTests {
    /// Runs on a thread of its own, since the storm aims at one.
    private func measured(_ body: @escaping @Sendable () throws -> SocketError.Code?) throws -> (
        code: SocketError.Code?, time: Duration, signals: Int
    ) {
        try Background {
            let storm = try SignalStorm()
            let start = ContinuousClock.now
            let code = try body()
            let time = start.duration(to: .now)
            return (code, time, try storm.stop())
        }.join()
    }

    @Test("A receive that signals interrupt goes on with the time that is left: not shorter, not longer")
    func receive() throws {
        let result = try measured {
            var pair = try Socket.pair()
            try pair.first.setTimeout(.milliseconds(200))
            return errorCode { () throws(SocketError) in _ = try pair.first.receive(atMost: 1) }
        }
        #expect(result.code == .timedOut)
        #expect(result.time >= .milliseconds(200))
        #expect(result.time < .seconds(10))
        #expect(result.signals > 10)
    }

    @Test("sendAll has one deadline for the whole, under signals and with a reader that takes a little now and then")
    func sendAll() throws {
        let result = try measured {
            let pair = try Socket.pair()
            var sender = pair.first
            try sender.setTimeout(.milliseconds(300))
            try sender.setOption(.sendBufferSize, 4096)
            let receiver = SharedSocket(pair.second)
            let reading = try Background {
                // Takes some bytes each time the sender was let go on: per-piece timeouts would never end.
                while try !receiver.socket.receive(atMost: 512).isEmpty {
                    usleep(20_000)  // what makes the reader slow
                }
            }
            let code = errorCode { () throws(SocketError) in
                try sender.sendAll([UInt8](repeating: 1, count: 1 << 20))
            }
            try sender.shutdown(.both)
            try reading.join()
            return code
        }
        #expect(result.code == .timedOut)
        #expect(result.time >= .milliseconds(300))
    }

    @Test("Accept and connect survive signals")
    func acceptAndConnect() throws {
        let result = try measured {
            var listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
            try listener.setTimeout(.milliseconds(100))
            for _ in 0..<50 {
                let client = try Socket.connect(to: .address(listener.localAddress), timeout: .seconds(20))
                _ = try listener.accept()
                _ = client.descriptor
            }
            return errorCode { () throws(SocketError) in _ = try listener.accept() }
        }
        #expect(result.code == .timedOut)
    }

    @Test("SIGPIPE never ends the process, and it is not left pending")
    func sigpipe() throws {
        // The default action ends the process: this test shows that the signal is never raised.
        signal(SIGPIPE, SIG_DFL)
        let file = unsafe open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        let verbs: [@Sendable (borrowing Socket) throws -> Void] = [
            { try $0.send([1]) }, { try $0.sendAll([1]) }, { try $0.sendFile(file) }, { try $0.sendAll("text") },
        ]
        for verb in verbs {
            let pair = try Socket.pair()
            try pair.second.close()
            let lonely = pair.first
            let error = #expect(throws: SocketError.self) { try verb(lonely) }
            #expect(error?.code == .brokenPipe)

            let shut = try Socket.pair()
            try shut.first.shutdown(.sending)
            #expect(#expect(throws: SocketError.self) { try verb(shut.first) }?.code == .brokenPipe)
        }
        let receiver = try Socket.bound(to: .address(.unixUnnamed, .datagram))
        let target = try receiver.localAddress
        try receiver.close()
        let sender = try Socket(.unix, .datagram)
        #expect(#expect(throws: SocketError.self) { try sender.send([1], to: target) }?.code == .connectionRefused)
        var pending = sigset_t()
        unsafe sigpending(&pending)
        #expect(unsafe sigismember(&pending, SIGPIPE) == 0)
    }

    @Test("A reset while sending is a typed error")
    func reset() throws {
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let client = try Socket.connect(to: .address(listener.localAddress))
        let accepted = try listener.accept()
        try accepted.socket.setOption(.linger, .upTo(seconds: 0))
        _ = consume accepted
        let received = #expect(throws: SocketError.self) { try client.receive(atMost: 1) }
        #expect(received?.code == .connectionReset)
        let sent = #expect(throws: SocketError.self) { try client.sendAll([1]) }
        #expect(sent?.code == .brokenPipe)
    }
}
