import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// The kernel has a limit for what is watched (`fs.epoll.max_user_watches`), for all programs of a user together.
@Suite(.watchdog) struct UnwatchedTests {
    /// The request that is struck fails, long before any limit of time, and no other one.
    @Test func endsTheRequestThatIsStruck() async {
        await #expect(processExitsWith: .success) {
            let gate = Gate()
            let asked = Gate()
            let server = try RawServer { connection in
                if connection.readRequest()?.contains("/held") == true {
                    asked.open()
                    gate.wait()
                }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nheld")
            }
            let loop = try EventLoop(backend: .epoll)
            defer { loop.shutdown() }
            var configuration = URLOpener.Configuration.on(loop)
            configuration.timeouts.connect = nil
            let opener = URLOpener(configuration: configuration)
            let held = Task { try await opener.open(server.url("/held")).body.collect(upTo: 9) }
            asked.wait()
            #expect(Refusal.ofWatching(ENOSPC))
            for _ in 0..<3 {
                let error = await #expect(throws: OpenError.self) { try await opener.open(server.url("/other")) }
                #expect(error?.code == .transport)
            }
            gate.open()
            #expect(try await held.value == Array("held".utf8))
        }
    }
}
