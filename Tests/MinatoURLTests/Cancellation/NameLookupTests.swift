import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Names that nobody answers for: who gives up leaves at once, and nobody else waits for it.
///
/// Each test in a process and a network of its own. The resolver would give up after 150 s, longer than anything here waits.
@Suite(
    .watchdog, .enabled(if: getuid() == 0, "only root can have a network and an /etc/resolv.conf of its own"))
struct NameLookupTests {
    /// What is in the network.
    struct Place: Sendable {
        let nameServer: NameServer
        let server: RawServer
        let neighbours: Neighbour.Server
        let loop: EventLoop

        /// The threads of what begins here, the loop's and those that look names up, are in that network.
        static func enter(_ directory: TemporaryDirectory) async throws -> Place {
            let file = try directory.write(
                "resolv.conf", Array("nameserver 127.0.0.1\noptions timeout:30 attempts:5\n".utf8))
            return try await Background {
                try OwnNetwork.enter(resolvConf: file)
                return Place(
                    nameServer: try NameServer(), server: try RawServer { $0.answerAll { _ in okay("abc") } },
                    neighbours: try Neighbour.Server(), loop: try EventLoop())
            }.value
        }

        var url: String { "http://name.example:\(server.port)/" }

        var opener: URLOpener {
            var configuration = URLOpener.Configuration.on(loop)
            configuration.timeouts.connect = nil
            return URLOpener(configuration: configuration)
        }
    }

    @Test func cancelling() async throws {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let place = try await Place.enter(directory)
            let opener = place.opener
            let neighbour = try await Neighbour(opener, place.neighbours)
            let before = LeakCheck.openSockets().count
            let trace = Trace()
            let open: @Sendable () async throws -> [UInt8] = {
                let request = try URLOpener.Request(place.url, method: "GET", body: .bytes([]))
                trace.follow(request)
                return try await opener.open(request, timeout: nil).body.collect(upTo: 9)
            }
            let task = Task { try await open() }
            #expect(await place.nameServer.asked.opened())
            #expect(try await neighbour.isServed())
            task.cancel()
            let error = await #expect(throws: OpenError.self) { try await task.value }
            #expect(error?.code == .cancelled && error?.operation == .open)
            await place.loop.turn()
            #expect(trace.isFreed)
            #expect(try await neighbour.isServed())
            // The answer comes too late for this one, and serves the next one.
            place.nameServer.answerAll()
            #expect(try await open() == Array("abc".utf8))
            #expect(try await neighbour.isUnharmed())
            // The thread that looked the first name up ends, with its socket, when it has the answer. Four more than before: the
            // ends of the connections of the second one, and of those that the neighbours share.
            while LeakCheck.openSockets().count > before + 4 { await Task.yield() }
        }
    }

    /// Told by the order of what one loop does: see ``LimitTests``.
    @Test(arguments: [false, true])
    func endsAtItsLimit(_ isDeadline: Bool) async throws {
        await #expect(processExitsWith: .success) { [isDeadline = isDeadline as Bool] in
            let directory = try TemporaryDirectory()
            let place = try await Place.enter(directory)
            let opener = place.opener
            let neighbour = try await Neighbour(opener, place.neighbours)
            let order = LimitOrder(on: place.loop)
            let task = order.begin { limit in
                _ =
                    isDeadline
                    ? try await opener.open(place.url, timeout: nil, deadline: .after(limit))
                    : try await opener.open(place.url, timeout: limit)
            }
            #expect(await place.nameServer.asked.opened())
            let error = await order.end(of: task)
            #expect(error?.code == (isDeadline ? .deadlineExceeded : .timedOut) && error?.operation == .connect)
            #expect(order.names == LimitOrder.right)
            let isServed = try await neighbour.isServed()
            #expect(try await neighbour.isUnharmed() && isServed)
            place.nameServer.answerAll()
        }
    }
}
