import Glibc
import MinatoSocket
import TestSupport
import Testing

@Suite("select", .watchdog)
struct SelectTests {
    @Test("Finds what is ready, each set in the order in which it was given")
    func sets() throws {
        let a = try Socket.pair()
        let b = try Socket.pair()
        let c = try Socket.pair()
        try a.second.sendAll("x")
        try c.second.sendAll("x")
        let (first, second, third) = (a.first.descriptor, b.first.descriptor, c.first.descriptor)
        for (reading, expected) in [
            ([first, second, third], [first, third]), ([third, second, first], [third, first]), ([second], []),
            ([], []),
        ] {
            let ready = try select(reading: reading, timeout: .zero)
            #expect(ready.reading == expected)
            #expect(ready.writing.isEmpty && ready.exceptional.isEmpty)
            #expect(ready.isEmpty == expected.isEmpty)
        }
        let all = try select(reading: [second, first], writing: [third, second], exceptional: [first], timeout: nil)
        #expect(all.reading == [first])
        #expect(all.writing == [third, second])
        #expect(all.exceptional == [])
        // The same one twice in a set.
        #expect(try select(reading: [first, first], writing: [first], timeout: nil).reading == [first, first])
    }

    @Test("The end of a stream is readable")
    func endOfStream() throws {
        let pair = try Socket.pair()
        try pair.second.shutdown(.sending)
        #expect(try select(reading: [pair.first.descriptor], timeout: nil).reading == [pair.first.descriptor])
    }

    @Test("Out-of-band data makes a descriptor exceptional")
    func outOfBand() throws {
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let client = try Socket.connect(to: .address(listener.localAddress))
        let accepted = try listener.accept()
        try client.send([33], flags: .outOfBand)
        let ready = try select(exceptional: [accepted.socket.descriptor], timeout: .seconds(10))
        #expect(ready.exceptional == [accepted.socket.descriptor])
    }

    @Test("Descriptors above 1023 work")
    func highNumbers() throws {
        let pair = try Socket.pair()
        let high = try HighDescriptor(copyOf: pair.first.descriptor, from: 1500)
        #expect(high.number >= 1500)
        #expect(try select(reading: [high.number], writing: [high.number], timeout: .zero).reading == [])
        try pair.second.sendAll("x")
        let ready = try select(reading: [high.number], writing: [high.number], timeout: .seconds(10))
        #expect(ready.reading == [high.number])
        #expect(ready.writing == [high.number])
    }

    @Test("Zero does not wait, a positive timeout is never cut short, nil waits")
    func timeouts() throws {
        let pair = try Socket.pair()
        let descriptor = pair.first.descriptor
        let start = ContinuousClock.now
        #expect(try select(reading: [descriptor], timeout: .zero).isEmpty)
        #expect(start.duration(to: .now) < .seconds(5))
        for timeout in [Duration.nanoseconds(1), .microseconds(400), .milliseconds(30)] {
            let start = ContinuousClock.now
            #expect(try select(reading: [descriptor], timeout: timeout).isEmpty)
            #expect(start.duration(to: .now) >= timeout)
        }
        // Nothing to wait for: the time alone.
        let alone = ContinuousClock.now
        #expect(try select(timeout: .milliseconds(20)).isEmpty)
        #expect(alone.duration(to: .now) >= .milliseconds(20))

        let writer = SharedSocket(pair.second)
        let sending = try Background { try writer.socket.sendAll("x") }
        #expect(try select(reading: [descriptor], timeout: nil).reading == [descriptor])
        try sending.join()
    }

    @Test("A negative timeout and a descriptor that is not open are typed errors")
    func errors() throws {
        func failure(_ body: () throws(SocketError) -> ReadyDescriptors) -> String? {
            do throws(SocketError) {
                _ = try body()
                return nil
            } catch {
                return error.description
            }
        }
        #expect(
            failure { () throws(SocketError) in try select(timeout: .nanoseconds(-1)) }
                == "select timeout -1e-09 seconds: Invalid argument (EINVAL)")
        for number in [Int32(-1), .min, 999_999] {
            #expect(
                failure { () throws(SocketError) in try select(reading: [number], timeout: .zero) }
                    == "select: Bad file descriptor (EBADF)")
            #expect(
                errorCode { () throws(SocketError) in _ = try select(exceptional: [number], timeout: nil) }
                    == .badDescriptor)
        }
    }

    @Test("Signals neither end nor prolong it")
    func signals() throws {
        let (time, signals) = try Background {
            let pair = try Socket.pair()
            let storm = try SignalStorm()
            let start = ContinuousClock.now
            let ready = try select(reading: [pair.first.descriptor], timeout: .milliseconds(150))
            let time = start.duration(to: .now)
            #expect(ready.isEmpty)
            return (time, try storm.stop())
        }.join()
        #expect(time >= .milliseconds(150))
        #expect(time < .seconds(10))
        #expect(signals > 5)
    }
}
