import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// What ends the open of a thread from another one.
@Suite(.watchdog) struct OpenCancellationTests {
    private let cancellation = OpenCancellation()

    private func open(_ opener: URLOpener, _ request: URLOpener.Request) throws -> Background<OpenError?> {
        try Background { [cancellation] in
            do throws(OpenError) {
                let response = try opener.openBlocking(
                    request, timeout: nil, deadline: .none, cancellation: cancellation)
                _ = try response.body.read(9)
                return nil
            } catch {
                return error
            }
        }
    }

    /// Where a thread stands still. (A stream of a task it cannot send; the body of a redirect it leaves by itself.)
    private static let places = Standstill.Place.allCases.filter {
        ![.sendingAStream, .waitingForTheStream, .redirect].contains($0)
    }

    @Test(arguments: places) func endsEverywhere(_ place: Standstill.Place) async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let standstill = try Standstill(place)
        let request = try standstill.request()
        standstill.trace.follow(request)
        let opened = try open(standstill.opener(on: loop), request)
        #expect(await standstill.isThere())
        let sockets = try standstill.sockets
        #expect(sockets.count == 1)

        cancellation.cancel()
        let error = try await opened.value
        if place.hasResponse {
            #expect((error?.code == .closed && error?.operation == .read) || error?.code == .cancelled)
        } else {
            #expect(error?.code == .cancelled && error?.detail == "the open was cancelled")
        }
        #expect(!sockets.contains { $0.isOpen })
        standstill.mayRead.open()
        if place != .connecting { #expect(await standstill.isGone.opened()) }
    }

    /// No connection is made; more than once is fine.
    @Test func endsWhatHasNotBegun() throws {
        let server = try RawServer { connection in connection.answerAll { _ in okay("abc") } }
        cancellation.cancel()
        cancellation.cancel()
        let error = try open(URLOpener(), URLOpener.Request(server.url())).join()
        #expect(error?.code == .cancelled && error?.operation == .open && cancellation.isCancelled)
        #expect(server.peers.isEmpty)
    }

    /// The pause before another attempt would take minutes.
    @Test func endsAPause() throws {
        let answered = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 503 Later\r\nRetry-After: 3000\r\nContent-Length: 0\r\n\r\n")
            if connection.waitUntilRead() { answered.open() }
            // The thread closes it, or keeps it for another try.
            while !connection.read(1).isEmpty {}
        }
        var configuration = URLOpener.Configuration()
        configuration.retries = URLOpener.Retries(attempts: 2)
        configuration.retries.longestRetryAfter = .seconds(5000)
        let opened = try open(URLOpener(configuration: configuration), URLOpener.Request(server.url()))
        answered.wait()
        cancellation.cancel()
        #expect(try opened.join()?.code == .cancelled)
    }
}
