import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// What servers send that is wrong, and a few things that only look so: each its own error, and a connection that serves
/// nobody else. As a whole, and split in two: at every place of the first 2 KiB, and at 50 beyond, chosen by chance.
@Suite(.watchdog) struct HostileServerTests {
    /// Of the places that chance chooses; `MINATO_TEST_SEED` sets it, to see the same ones again.
    private static let seed: UInt64 = {
        let given = unsafe getenv("MINATO_TEST_SEED").flatMap { unsafe UInt64(String(cString: $0)) }
        let seed = given ?? UInt64.random(in: 0 ... .max)
        print("HostileServerTests: MINATO_TEST_SEED=\(seed)")
        return seed
    }()

    @Test(arguments: Face.allCases, HostileRow.all.indices)
    func asAWhole(_ face: Face, _ index: Int) async throws {
        let row = HostileRow.all[index]
        let server = try HostileServer()
        let opener = URLOpener()
        // The second time what the first one left behind would be used, if it were; and then by a request without fault.
        for _ in 0..<2 {
            let outcome = await HostileRow.outcome(face, opener, server.raw.url("/\(index)/0"))
            #expect(outcome.isExpected(row.outcome), "\(row.name): \(outcome)")
        }
        #expect(await HostileRow.outcome(face, opener, server.raw.url("/well")) == .okay("well"))
        #expect(server.raw.peers.count == (row.ending == .nobody ? 1 : 3), "\(row.name)")
        if row.ending == .client { #expect(await server.ended.opened(2), "\(row.name)") }
    }

    /// Many are under way at once, on one loop.
    @Test(arguments: Face.allCases, HostileRow.all.indices.filter { HostileRow.all[$0].isSplit })
    func inTwoPieces(_ face: Face, _ index: Int) async throws {
        let row = HostileRow.all[index]
        let cuts = Self.cuts(of: row, index)
        let server = try HostileServer()
        let shared = URLOpener()
        // What comes after a response when its connection is idle belongs to the next one, if that is quicker: nobody can tell.
        let isAlone = row.ending == .client && row.outcome.isOkay
        await withTaskGroup(of: (Int, HostileRow.Outcome).self) { group in
            for (count, cut) in cuts.enumerated() {
                if count >= 8 { await check(group.next(), row) }
                group.addTask {
                    let opener = isAlone ? URLOpener() : shared
                    return (cut, await HostileRow.outcome(face, opener, server.raw.url("/\(index)/\(cut)")))
                }
            }
            while let result = await group.next() { check(result, row) }
        }
        #expect(server.untaken.value == 0)
        if row.ending == .client { #expect(await server.ended.opened(cuts.count), "\(row.name)") }
        if row.ending != .nobody { #expect(server.raw.peers.count == cuts.count, "\(row.name)") }
    }

    private func check(_ result: (cut: Int, outcome: HostileRow.Outcome)?, _ row: HostileRow) {
        guard let (cut, outcome) = result else { return }
        #expect(outcome.isExpected(row.outcome), "\(row.name), cut at \(cut): \(outcome)")
    }

    /// Where to cut. A sanitizer makes everything ten times as slow: then chance chooses from the first 2 KiB, too.
    private static func cuts(of row: HostileRow, _ index: Int) -> [Int] {
        var generator = SeededGenerator(seed: seed &+ UInt64(index))
        let (near, far) = (Array(1..<max(1, min(2048, row.bytes.count))), Array(2048..<max(2048, row.bytes.count)))
        let (nearCount, farCount) = Sanitizer.isPresent ? (32, 8) : (near.count, 50)
        return Array(near.shuffled(using: &generator).prefix(nearCount))
            + far.shuffled(using: &generator).prefix(farCount)
    }

    /// A head that does not end, in lines and in informational responses, and a line that does not.
    @Test(
        arguments: Face.allCases,
        [
            ("A: 1\r\n", "the head has more than 100 lines or 300 KiB"),
            ("HTTP/1.1 103 Early\r\n\r\n", "more than 10 informational responses"),
            ("x", "a line of the head is longer than 100 KiB"),
        ])
    func endless(_ face: Face, _ row: (piece: String, detail: String)) async throws {
        let closed = Gate()
        let server = try RawServer { connection in
            guard connection.readRequest()?.hasPrefix("GET /well") == false else {
                connection.send(okay("well"))
                return
            }
            connection.send(row.piece.hasPrefix("HTTP") ? "" : "HTTP/1.1 200 OK\r\nB: ")
            let pieces = Array(String(repeating: row.piece, count: 4096 / row.piece.utf8.count).utf8)
            while connection.send(pieces) {}
            closed.open()
        }
        let opener = URLOpener()
        let outcome = await HostileRow.outcome(face, opener, server.url())
        #expect(outcome == .head(.headersTooLarge, row.detail))
        #expect(await closed.opened())
        #expect(await HostileRow.outcome(face, opener, server.url("/well")) == .okay("well"))
        #expect(server.peers.count == 2)
    }

    /// A folded line belongs to the field before it, and libcurl before 8.1.1 took that of the response before, which was freed.
    @Test("A fold first is no part of the response before", arguments: Face.allCases)
    func foldFirst(_ face: Face) async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send(okay("ok", "A: b\r\n"))
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\n folded: c\r\nContent-Length: 0\r\n\r\n")
        }
        let opener = URLOpener()
        #expect(try await face.open(opener, server.url()).body.read(2).count == 2)
        let error = await #expect(throws: OpenError.self) { try await face.open(opener, server.url()) }
        #expect(error?.code == .badHeader, "\(error as Any)")
        // It would have come to us as a line that continues another one.
        #expect(error?.detail == ResponseHeadParser.noField.detail)
    }
}
