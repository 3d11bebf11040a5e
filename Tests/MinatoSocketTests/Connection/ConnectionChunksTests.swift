import TestSupport
import Testing

@testable import MinatoSocket

@Suite("The pieces of a stream", .timeLimit(.minutes(5)))
struct ConnectionChunksTests {
    /// Sizes at both sides of each limit of ``PieceReader``, growing and shrinking.
    static let sizes = [
        1, 64, 64, 65, 512, 512, 513, 64, 2048, 2049, 5000, 20_000, 65_536, 65_536, 300, 16_384, 16_384, 2, 1,
    ]

    @Test("Pieces that are kept stay as they were, and hold little more memory than their bytes", arguments: Setup.all)
    func kept(_ setup: Setup) async throws {
        try await setup.run { stage in
            let peer = stage.peer
            let sizes = Self.sizes
            let content = pattern(sizes.reduce(0, +))
            let kept = stage.start { connection in
                var iterator = connection.chunks.makeAsyncIterator()
                var kept: [[UInt8]] = []
                var sent = 0
                for size in sizes {
                    // No more than the kernel keeps for a socket that nobody reads from.
                    try peer.socket.sendAll(Array(content[sent..<sent + size]))
                    sent += size
                    var came = 0
                    while came < size {
                        guard let piece = try await iterator.next() else { return kept }
                        came += piece.count
                        kept.append(piece)
                    }
                }
                return kept
            }
            let pieces = try await kept.value
            #expect(isSame(Array(pieces.joined()), content))
            for piece in pieces { #expect(piece.capacity <= max(4 * piece.count, 600)) }
        }
    }

    @Test("Pieces that are changed, dropped, or kept now and then are still the right ones", arguments: Setup.tcp)
    func changed(_ setup: Setup) async throws {
        try await setup.run { stage in
            let peer = stage.peer
            try await stage.start { connection in
                var kept: [[UInt8]] = []
                var iterator = connection.chunks.makeAsyncIterator()
                for round in 0..<40 {
                    let text = String(repeating: "\(round % 10)", count: round % 3 == 0 ? 64 : round)
                    guard !text.isEmpty else { continue }
                    try peer.socket.sendAll(text)
                    var piece = try await iterator.next() ?? []
                    #expect(String(decoding: piece, as: UTF8.self) == text)
                    piece[0] = 0x21
                    if round % 4 == 0 { kept.append(piece) }
                }
                for piece in kept { #expect(piece.first == 0x21) }
                for piece in kept { #expect(Set(piece.dropFirst()).count <= 1) }
            }.value
        }
    }

    @Test("A connection that waits holds at most 2 KiB for its pieces", arguments: Setup.tcp)
    func idle(_ setup: Setup) async throws {
        try await setup.run { stage in
            try await stage.start { connection in
                var iterator = connection.chunks.makeAsyncIterator()
                for size in [20_000, 5000, 2048, 512, 100] {
                    try stage.peer.socket.sendAll(pattern(size))
                    var came = 0
                    while came < size {
                        came += try await iterator.next()?.count ?? size
                    }
                    iterator.pieces.beginWait(connection.channel)
                    #expect(iterator.pieces.last.capacity <= 2100)
                }
            }.value
        }
    }

    /// The connections of a loop share the memory of large pieces that nobody has any more.
    @Test("Large pieces of one connection, kept or not, are not changed by those of another", arguments: Setup.tcp)
    func sharedMemory(_ setup: Setup) async throws {
        try await setup.run { stage in
            let ends = try setup.pair()
            let other = try Connection(adopting: ends.first, on: stage.loop)
            defer { other.close() }
            let otherPeer = SharedSocket(ends.second)
            try await stage.start { connection in
                var first = connection.chunks.makeAsyncIterator()
                var second = other.chunks.makeAsyncIterator()
                var kept: [(piece: [UInt8], byte: UInt8)] = []
                for round in 0..<40 {
                    let byte = UInt8(round)
                    for place in 0..<2 {
                        let message = [UInt8](repeating: byte, count: 10_000 + 500 * (round % 3))
                        try (place == 0 ? stage.peer : otherPeer).socket.sendAll(message)
                        var came = 0
                        while came < message.count {
                            let piece = try await (place == 0 ? first.next() : second.next()) ?? []
                            guard !piece.isEmpty else { return }
                            #expect(piece.allSatisfy { $0 == byte })
                            came += piece.count
                            if (round + place) % 3 == 0 { kept.append((piece, byte)) }
                        }
                    }
                }
                #expect(kept.count >= 26)
                for (piece, byte) in kept { #expect(piece.allSatisfy { $0 == byte }) }
            }.value
        }
    }

    /// Generic code asks for pieces through the protocol, with the actor as an argument.
    @Test("Code that is generic, and belongs to an actor, gets the pieces too")
    func generic() async throws {
        actor Reader {
            func collect<Pieces: AsyncSequence>(_ pieces: Pieces) async throws -> [UInt8]
            where Pieces.Element == [UInt8], Pieces.Failure == SocketError {
                var all: [UInt8] = []
                for try await piece in pieces {
                    assertIsolated()
                    all += piece
                }
                return all
            }
        }
        try await Setup(place: .pool).run { stage in
            try stage.peer.socket.sendAll("some bytes")
            try stage.peer.socket.shutdown(.sending)
            #expect(text(try await Reader().collect(stage.connection.chunks)) == "some bytes")
        }
    }
}
