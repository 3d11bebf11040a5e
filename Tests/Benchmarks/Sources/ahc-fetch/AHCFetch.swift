import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// `ahc-fetch URL [...]`: AsyncHTTPClient, otherwise as `curl-fetch`. It is as its documentation sets a client up, but for one
/// event loop, as the others have, and as many connections as requests at a time: eight would be its limit.
@main
struct AHCFetch {
    static func main() async throws {
        var url = ""
        var concurrency = 1
        var seconds = 1.0
        var authority: String?
        var closes = false
        var arguments = CommandLine.arguments.dropFirst()
        while let word = arguments.popFirst() {
            switch word {
            case "--close": closes = true
            case "--identity", "--stream", "--read": break  // it does nothing else
            case "--concurrency": concurrency = arguments.popFirst().flatMap { Int($0) } ?? 1
            case "--seconds": seconds = arguments.popFirst().flatMap { Double($0) } ?? 1
            case "--ca": authority = arguments.popFirst()
            default: url = word
            }
        }

        var configuration = HTTPClient.Configuration()
        if let authority {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(authority)
            configuration.tlsConfiguration = tls
        }
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = concurrency
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        var request = HTTPClientRequest(url: url)
        if closes { request.headers.add(name: "Connection", value: "close") }

        _ = try await round(client, request, concurrency, seconds: 0)
        print("ready")
        fflush(nil)
        guard readLine() != nil else { exit(EXIT_FAILURE) }
        let (requests, bytes) = try await round(client, request, concurrency, seconds: seconds)
        print(#"{"requests": \#(requests), "bytes": \#(bytes), "errors": 0}"#)
        fflush(nil)
        while readLine() != nil {}
        try await client.shutdown()
    }

    /// Every task requests once, and again until the time is over.
    static func round(
        _ client: HTTPClient, _ request: HTTPClientRequest, _ concurrency: Int, seconds: Double
    ) async throws -> (requests: Int, bytes: Int) {
        let end = ContinuousClock.now.advanced(by: .seconds(seconds))
        return try await withThrowingTaskGroup(of: (Int, Int).self) { tasks in
            for _ in 0..<concurrency {
                tasks.addTask {
                    var (requests, bytes) = (0, 0)
                    repeat {
                        let response = try await client.execute(request, timeout: .seconds(60))
                        guard response.status == .ok else { throw CancellationError() }
                        for try await piece in response.body { bytes += piece.readableBytes }
                        requests += 1
                    } while ContinuousClock.now < end
                    return (requests, bytes)
                }
            }
            return try await tasks.reduce(into: (0, 0)) { sum, part in sum = (sum.0 + part.0, sum.1 + part.1) }
        }
    }
}
