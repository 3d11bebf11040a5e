import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

/// How much one connection does before the others get their turn.
@Suite("A responder's share of its loop")
struct ResponderShareTests {
    private func makeResponder(_ responder: ClosureResponder) throws -> AnyStreamResponder {
        unsafe try AnyStreamResponder(ResponderKind(ClosureResponder.self)) { place in
            unsafe place.initializeMemory(as: ClosureResponder.self, to: responder)
        }
    }

    @Test(
        "Regression: an answer of any size was sent at once to a client that had room for it",
        .enabled(if: geteuid() == 0, "only root may make a socket's queue as large as that"),
        arguments: [0, 1, 1 << 20, 1 << 20 + 1, 5 << 20])
    func hugeAnswer(_ size: Int) throws {
        let ends = try Socket.pair()
        var queue: Int32 = 64 << 20
        let result = unsafe setsockopt(
            ends.first.descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &queue, socklen_t(MemoryLayout<Int32>.size))
        #expect(result == 0)
        let answer = pattern(size)
        let responder = try makeResponder(
            ClosureResponder { input, output in
                output.append(answer)
                return .goOn(consumed: input.count)
            })
        let respond = unsafe responder.kind.respond
        var output = ResponderOutput.serving()
        var exchange = ResponderExchange(
            ends.first.descriptor, responder, ServerLimits(), isWatched: false, isUnix: false)
        try ends.second.sendAll("?")

        var outcome = unsafe exchange.begin(1, respond, &output)
        var (received, turns): ([UInt8], Int) = ([], 0)
        while true {
            var count: Int32 = 0
            #expect(unsafe ioctl(ends.second.descriptor, UInt(FIONREAD), &count) == 0)
            // What has been sent by and by, and what was sent behind the first try.
            #expect(count <= 2 << 20, "\(turns)")
            received += try ends.second.receiveExactly(Int(count))
            guard outcome == .again || outcome == .unfinished else { break }
            outcome = exchange.goOn(&output)
            turns += 1
        }
        #expect(outcome == (turns == 0 ? .answered : .wait))
        let isBlocked = exchange.isBlocked
        #expect(!isBlocked)
        let isSame = received == answer
        #expect(isSame, "\(received.count)")
        #expect(turns >= size >> 21)
    }
}
