import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Each allocation of libcurl's fails in turn. In a process of its own, as all transfers share libcurl: `scripts/oom` starts it.
@Suite(
    "libcurl without memory", .watchdog, .serialized,
    .enabled(if: unsafe getenv("MINATO_OUT_OF_MEMORY") != nil, "scripts/oom runs it, by itself"))
struct CurlMemoryTests {
    enum Exchange: CaseIterable, Sendable {
        case get, post, proxied
    }

    @Test(
        "The k-th allocation fails, or all from there on, for every k: the right answer, or a typed error, and no leak",
        arguments: Exchange.allCases, Face.allCases)
    func allocations(_ exchange: Exchange, _ face: Face) async throws {
        try #require(CurlMemory.isInstalled)
        let content = String(repeating: "what it answers ", count: 5000)
        let server = try RawServer { $0.answerAll { _ in okay(content) } }
        // What libcurl keeps for ever, and the pools that are filled by the first.
        #expect(try await answer(exchange, face, server) == content)
        let stays = CurlMemory.live
        for extent in CurlMemory.Extent.allCases {
            var errors: [String: Int] = [:]
            var (number, right) = (0, 0)
            while true {
                number += 1
                CurlMemory.fail(at: number, extent)
                do throws(OpenError) {
                    let answer = try await answer(exchange, face, server)
                    if answer == content { right += 1 } else { Issue.record("\(number): \(answer.count) bytes") }
                } catch {
                    errors["\(error.code)", default: 0] += 1
                    // It says of nothing of the caller's that it was wrong.
                    #expect(![.badURL, .badProxy, .badRequest].contains(error.code), "\(number): \(error)")
                }
                let hasFailed = CurlMemory.stopFailing()
                await until("\(number): \(CurlMemory.live - stays) blocks are left") { CurlMemory.live <= stays }
                if !hasFailed { break }
            }
            // Fewer would mean that they do not go through here.
            #expect(number > 20)
            let told = errors.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
            print("libcurl \(exchange) \(face), \(extent): \(number - 1) allocations, \(right) right answers; \(told)")
        }
    }

    private func answer(_ exchange: Exchange, _ face: Face, _ server: RawServer) async throws(OpenError) -> String {
        let opener: URLOpener
        var request = try URLOpener.Request(server.url())
        switch exchange {
        case .get: opener = URLOpener()
        case .post:
            opener = URLOpener()
            request.body = .bytes(Array("k=v".utf8))
        case .proxied:
            opener = URLOpener(ProxyHandler(.fixed(try Proxy("http://user:word@127.0.0.1:\(server.port)"))))
            request = try URLOpener.Request("http://nowhere.invalid/")
        }
        let response = try await face.open(opener, request)
        return try await String(decoding: response.body.collect(upTo: 1 << 20), as: UTF8.self)
    }

    /// Waits until something holds that another thread brings about.
    private func until(_ complaint: @autoclosure () -> String, _ condition: () -> Bool) async {
        let patience = Deadline.after(.seconds(5))
        while !condition() {
            if patience.hasPassed { return #expect(Bool(false), "\(complaint())") }
            await Task.yield()
        }
    }
}
