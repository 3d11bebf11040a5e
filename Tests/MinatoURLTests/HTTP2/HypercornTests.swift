import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// HTTP/2 with Hypercorn, which is not made of nghttp2 as libcurl's is.
@Suite(.watchdog, .enabled(if: PythonPackages.areInstalled, "Hypercorn is not installed: see scripts/test"))
struct HypercornTests {
    /// The server answers none before all 64 have come: they are under way at once, and on one connection.
    @Test func streamsAreUnderWayTogether() async throws {
        let server = try Hypercorn()
        let opener = server.opener()
        let ports = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<64 {
                group.addTask {
                    let response = try await opener.open(server.url("/together/64"), timeout: .seconds(60))
                    #expect(response.httpVersion == "2")
                    return try await response.body.collect(upTo: 9)
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ports.count == 1)
    }

    /// A slow reader and a large upload beside many small ones.
    @Test func slowAndLargeBesideOthers() async throws {
        let server = try Hypercorn()
        let opener = server.opener()
        let slow = try await opener.open(server.url("/bytes/\(4 << 20)"))
        let body = [UInt8](repeating: 7, count: 4 << 20)
        let upload = Task { try await opener.open(server.url("/count"), body: body).body.collect(upTo: 9) }
        for _ in 0..<30 {
            let response = try await opener.open(server.url("/bytes/10000"), timeout: .seconds(60))
            #expect(try await response.body.collect(upTo: 1 << 20).count == 10_000)
            #expect(try await slow.body.read(10_000).count == 10_000)
        }
        #expect(try await upload.value == Array("\(body.count)".utf8))
        #expect(try await slow.body.collect(upTo: 4 << 20).count == (4 << 20) - 300_000)
    }

    /// 503 with Retry-After, and the same request again no sooner than that.
    @Test(arguments: Face.allCases, ["GET", "POST"])
    func retriesAfterAWhile(_ face: Face, _ method: String) async throws {
        let server = try Hypercorn()
        let opener = server.opener { $0.retries = .init(attempts: 2) }
        let start = ContinuousClock.now
        let request = try URLOpener.Request(server.url("/again/1"), method: method, body: .bytes([1, 2, 3]))
        #expect(try await face.open(opener, request).body.collect(upTo: 9) == Array("3".utf8))
        #expect(start.duration(to: .now) >= .seconds(1))
        let error = await #expect(throws: OpenError.self) {
            try await face.open(server.opener(), server.url("/again/0"))
        }
        #expect(error?.status == 503)
    }
}
