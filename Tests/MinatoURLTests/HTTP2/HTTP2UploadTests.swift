import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Bodies that go out over HTTP/2 to servers that answer before they have them, or do not take them.
@Suite(.watchdog, .enabled(if: PythonPackages.areInstalled, "h2 is not installed: see scripts/test"))
struct HTTP2UploadTests {
    private static let small = Array("small".utf8)

    /// An answer by a status, and what its head says of its body.
    enum Answer: String, CaseIterable {
        case length = "200/length"
        case open = "200/open"
        case none = "204/none"
        case refusedWithLength = "404/length"
        case refused = "404/open"
        case notModified = "304/none"

        var status: Int { Int(rawValue.prefix(3)) ?? 0 }
        var body: [UInt8] { rawValue.hasSuffix("none") ? [] : HTTP2UploadTests.small }
    }

    /// The whole response comes, also when its last bytes have come before the request's, and nobody else on the connection notices. With libcurl 7.88 alone some of these stand still, and some servers end the connection.
    @Test(arguments: Face.allCases, Answer.allCases)
    func answersAhead(_ face: Face, _ answer: Answer) async throws {
        let server = try HTTP2Script()
        let opener = server.opener { $0.timeouts.idle = .seconds(40) }
        let held = Task { try await opener.open(server.url("held")).body.collect(upTo: 9) }
        #expect(try await server.line("request") == "request 0 1 /held")
        // What goes wrong depends on which of two packets is there first.
        for size in Array(repeating: 10_000, count: 20) + [16_385, 65_535, 65_536, 300_000, 300_000] {
            let request = try URLOpener.Request(
                server.url("ahead/\(answer.rawValue)/take"), body: [UInt8](repeating: 7, count: size))
            let response = try await Self.response(face, opener, request)
            #expect(response.head.status == answer.status)
            #expect(try await response.body.collect(upTo: 9) == answer.body, "\(size)")
        }
        server.goOn()
        #expect(try await held.value == Array("held".utf8))
        _ = try await face.open(opener, server.url("small")).body.collect(upTo: 9)
        var line: String?
        while line?.hasSuffix("/small") != true {
            line = try await server.line("")
            #expect(line != nil && line?.hasPrefix("fault") == false, "\(line ?? "nothing")")
            if face == .tasks { #expect(line?.hasPrefix("connection") == false) }
        }
    }

    /// A body that has gone out leaves the connection for the next request.
    @Test(arguments: Face.allCases)
    func connectionsAreKept(_ face: Face) async throws {
        let server = try HTTP2Script()
        let opener = server.opener()
        for stream in [1, 3, 5] {
            let request = try URLOpener.Request(server.url("whole"), body: [7, 7, 7])
            #expect(try await face.open(opener, request).body.collect(upTo: 9) == Self.small)
            #expect(try await server.line("request") == "request 0 \(stream) /whole")
        }
    }

    /// A response that is complete as its head says ends the request that it refuses, though the server takes nothing more: the
    /// connection, which nobody else uses, ends, so that half of a body does not look whole.
    @Test(arguments: Face.allCases, [Answer.refusedWithLength, .notModified])
    func refusalsEndTheRequest(_ face: Face, _ answer: Answer) async throws {
        let server = try HTTP2Script()
        let opener = server.opener()
        let request = try URLOpener.Request(
            server.url("ahead/\(answer.rawValue)/leave"), body: [UInt8](repeating: 7, count: 300_000))
        let response = try await Self.response(face, opener, request)
        #expect(try await response.body.collect(upTo: 9) == answer.body)
        #expect(try await server.line("end") == "end 0")
        withExtendedLifetime((opener, response)) {}
    }

    /// The same for a body of which nobody knows the length, and that has not come yet.
    @Test func refusalsEndABodyToCome() async throws {
        let server = try HTTP2Script()
        let opener = server.opener()
        let body = URLOpener.Request.Body.stream(length: nil) {
            try await $0.write([1])
            await waitUntilCancelled()
        }
        let request = try URLOpener.Request(server.url("ahead/404/length/take"), body: body)
        let response = try await Self.response(.tasks, opener, request)
        #expect(try await response.body.collect(upTo: 9) == Self.small)
        #expect(try await server.line("end") == "end 0")
        withExtendedLifetime((opener, response)) {}
    }

    /// A server that takes nothing costs no processor time: the connection would take more at once, and so libcurl 7.88 alone looks
    /// again and again. In a process of its own, whose time it is.
    @Test func aServerThatTakesNothing() async {
        await #expect(processExitsWith: .success) {
            for face in Face.allCases {
                let server = try HTTP2Script()
                let opener = server.opener { $0.timeouts.total = .seconds(3) }
                let request = try URLOpener.Request(server.url("sink"), body: [UInt8](repeating: 7, count: 300_000))
                let before = Self.processorTime
                let error = await #expect(throws: OpenError.self) { try await face.open(opener, request) }
                #expect(error?.code == .deadlineExceeded)
                #expect(Self.processorTime - before < .milliseconds(750), "\(face): \(Self.processorTime - before)")
            }
        }
    }

    /// What the threads of the process have used.
    private static var processorTime: Duration {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// The response, whatever its status.
    private static func response(
        _ face: Face, _ opener: URLOpener, _ request: URLOpener.Request
    ) async throws -> AnyResponse {
        do throws(OpenError) {
            return try await face.open(opener, request)
        } catch {
            return try #require(AnyResponse(error), "\(error)")
        }
    }
}
