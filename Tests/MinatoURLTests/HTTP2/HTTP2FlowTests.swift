import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Many streams of one connection, and those who read them: slowly, at once, and not at all.
@Suite(.watchdog, .enabled(if: PythonPackages.areInstalled, "h2 is not installed: see scripts/test"))
struct HTTP2FlowTests {
    /// For a reader who does not read no more comes than a window, which is 32 MiB, and those beside him get all they want. When he
    /// reads, all is there.
    @Test func anUnreadStreamEndsWithItsWindow() async throws {
        let server = try HTTP2Script()
        let opener = server.opener()
        let size = 40 << 20
        let unread = try await opener.open(server.url("large/\(size)"))
        let beside = try await opener.open(server.url("large/\(4 << 20)"), timeout: .seconds(60)).body
        #expect(try await beside.collect(upTo: 4 << 20).count == 4 << 20)
        let sent = try await server.line("sent 0 1")?.split(separator: " ").last.flatMap { Int($0) } ?? 0
        #expect((16 << 20)...(32 << 20) ~= sent, "\(sent)")
        for _ in 0..<5 {
            let response = try await opener.open(server.url("small"), timeout: .seconds(60))
            #expect(try await response.body.collect(upTo: 9) == Array("small".utf8))
        }
        var count = 0
        while case let piece = try await unread.body.read(atMost: 1 << 20), !piece.isEmpty {
            #expect(isSame(piece, [UInt8](repeating: 7, count: piece.count)))
            count += piece.count
        }
        #expect(count == size)
    }

    /// A body that is taken in place, beside others of its connection that are not.
    @Test(arguments: Face.allCases)
    func bodiesInPlace(_ face: Face) async throws {
        let server = try HTTP2Script()
        let opener = server.opener()
        let unread = try await face.open(opener, server.url("large/\(1 << 20)"))
        async let beside = face.open(opener, server.url("large/\(4 << 20)")).body.collect(upTo: 4 << 20)
        let body = try await face.open(opener, server.url("large/\(8 << 20)")).body
        let taken = BodyInPlaceTests.Taken()
        try await body.forEachPiece { taken.append($0) }
        #expect(isSame(taken.bytes, [UInt8](repeating: 7, count: 8 << 20)))
        #expect(try await beside.count == 4 << 20)
        #expect(try await unread.body.collect(upTo: 1 << 20).count == 1 << 20)
    }

    /// A server that takes a body slowly: each piece starts the time anew, also of a body that libcurl has as a whole. All take longer
    /// than the timeout together, and none alone: by far, since the machine may do other things for seconds.
    @Test(arguments: Face.allCases, [16_000, 100_000])
    func slowUploadsSucceedWhileTheyMove(_ face: Face, _ count: Int) async throws {
        let server = try HTTP2Script(window: 0)
        let opener = server.opener()
        // Of a connection that was not used before, the client does not know the window.
        _ = try await face.open(opener, server.url("small")).body.collect(upTo: 9)
        let body = URLOpener.Request.Body.bytes([UInt8](repeating: 7, count: count))
        let request = try URLOpener.Request(server.url("paced/\(count / 8)"), method: "PUT", body: body)
        #expect(try await face.open(opener, request, timeout: .seconds(8)).body.collect(upTo: 9) == Array("small".utf8))
    }

    /// What had come of streams that are given up unread is freed, though others use the connection. In a process of its own, where
    /// nobody else allocates.
    @Test func whatWasUnreadIsFreed() async {
        await #expect(processExitsWith: .success) {
            let server = try HTTP2Script()
            let opener = server.opener()
            let held = Task { try await opener.open(server.url("held")).body.collect(upTo: 9) }
            #expect(try await server.line("request") == "request 0 1 /held")
            var before: Int?
            for round in 0..<13 {
                // What is kept for ever is there after a few.
                if round == 3 { before = AllocatedMemory.count }
                let unread = try await opener.open(server.url("large/\(4 << 20)"))
                // This comes when all of that has come.
                _ = try await opener.open(server.url("small")).body.collect(upTo: 9)
                unread.close()
                _ = try await opener.open(server.url("small")).body.collect(upTo: 9)
            }
            if let before, let now = AllocatedMemory.count { #expect(now - before < 4 << 20, "\(now - before)") }
            server.goOn()
            #expect(try await held.value == Array("held".utf8))
        }
    }

    /// More than the server allows on a connection: the others wait, or get connections of their own, and all are served.
    @Test func moreStreamsThanAllowed() async throws {
        let server = try HTTP2Script(streams: 10)
        let opener = server.opener()
        let tasks = (0..<40).map { _ in Task { try await opener.open(server.url("held")).body.collect(upTo: 9) } }
        for _ in 0..<10 { #expect(try await server.line("request") != nil) }
        server.goOn()
        var served = 10
        while served < 40, try await server.line("request") != nil {
            served += 1
            server.goOn()
        }
        for task in tasks { #expect(try await task.value == Array("held".utf8)) }
    }
}
