import Glibc
import MinatoLoop
import TestSupport
import Testing

@testable import MinatoURL

/// A process that ends by exit(3) while its threads are in the midst of requests, as one does that forgets to close: nothing is
/// freed under them.
@Suite(.watchdog) struct ProcessExitTests {
    /// What the threads are at, and the function that is called at the exit.
    private struct Stage {
        var isExiting = false
        /// Of the requests that ended during the exit, whether they were answered.
        var answered: [Bool] = []
    }

    private static let stage = Guarded(Stage())

    /// A function that is registered first is called last: after all that libcurl, and what it uses, do at the exit. Requests of others
    /// go on meanwhile, each over a connection of its own.
    @Test(arguments: Face.allCases)
    func requestsOutliveTheExit(_ face: Face) async throws {
        let certificates = try TestCertificates()
        let server = try PythonServer.secure(certificates.issue("right"))
        let site = [server.url(scheme: "https"), certificates.authority]
        await #expect(processExitsWith: .exitCode(7)) { [isTasks = (face == .tasks) as Bool, site = site as [String]] in
            atexit {
                ProcessExitTests.stage.withLock { $0.isExiting = true }
                let answered = ProcessExitTests.stage.wait { $0.answered.count < 6 ? nil : $0.answered }
                _exit(answered?.allSatisfy(\.self) == true ? 7 : 1)
            }
            let face: Face = isTasks ? .tasks : .threads
            var configuration = URLOpener.Configuration()
            configuration.tls.trust = .file(site[1])
            let openings = { @Sendable [configuration] in
                let body = try await face.open(URLOpener(configuration: configuration), site[0]).body
                return try await body.read(9) == Array("ok".utf8)
            }
            guard try await openings() else { exit(1) }
            for _ in 0..<3 {
                Task {
                    while true {
                        let isAnswered = (try? await openings()) == true
                        ProcessExitTests.stage.withLockAndWake { if $0.isExiting { $0.answered.append(isAnswered) } }
                    }
                }
            }
            exit(0)
        }
    }
}
