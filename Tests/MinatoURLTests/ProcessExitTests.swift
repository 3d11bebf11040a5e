import Glibc
import MinatoLoop
import TestSupport
import Testing

@testable import MinatoURL

/// A process that ends by exit(3) while its threads are in the midst of requests, as one does that forgets to close: nothing is
/// freed under them.
@Suite(.watchdog) struct ProcessExitTests {
    /// A server and whom its clients trust, as a process takes it from the one that started it.
    private struct Site: Codable, Sendable {
        let url: String
        let authority: String

        init(_ server: PythonServer, _ certificates: TestCertificates) {
            (url, authority) = (server.url(scheme: "https"), certificates.authority)
        }

        func opener() -> URLOpener {
            var configuration = URLOpener.Configuration()
            configuration.tls.trust = .file(authority)
            return URLOpener(configuration: configuration)
        }

        /// Over a connection of its own.
        func isServed() throws -> Bool {
            try opener().openBlocking(url, timeout: .seconds(40)).body.read(9) == Array("ok".utf8)
        }
    }

    /// For the function that is called at the exit.
    private static let site = Guarded<Site?>(nil)

    /// What is registered first is called last: a request in it comes after all that libcurl and what it uses do at the exit.
    @Test func requestsOutliveTheExit() async throws {
        let certificates = try TestCertificates()
        let server = try PythonServer.secure(certificates.issue("right"))
        await #expect(processExitsWith: .exitCode(7)) { [site = Site(server, certificates) as Site] in
            atexit {
                let site = ProcessExitTests.site.withLock { $0 }
                _exit((try? site?.isServed()) == true ? 7 : 1)
            }
            ProcessExitTests.site.withLock { $0 = site }
            guard try site.isServed() else { exit(1) }
            exit(0)
        }
    }

    /// Threads and tasks go on until there is no process any more.
    @Test func endsInTheMidst() async throws {
        let certificates = try TestCertificates()
        let server = try PythonServer.secure(certificates.issue("right"))
        await #expect(processExitsWith: .exitCode(7)) { [site = Site(server, certificates) as Site] in
            let (url, opener) = (site.url, site.opener())
            let gates = (0..<6).map { _ in Gate() }
            for (index, gate) in gates.enumerated() {
                if index % 2 == 0 {
                    Task {
                        while true { if (try? await opener.open(url).body.read(9)) != nil { gate.open() } }
                    }
                } else {
                    try Thread.start {
                        while true { if (try? opener.openBlocking(url).body.read(9)) != nil { gate.open() } }
                    }
                }
            }
            for gate in gates { #expect(await gate.opened()) }
            exit(7)
        }
    }
}
