import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Writing to a connection", .watchdog, .serialized)
struct ConnectionWritingTests {
    /// Reads everything that comes, on a thread.
    private func collecting(_ peer: SharedSocket) throws -> Background<[UInt8]> {
        try Background {
            try [UInt8](capacity: 5_000_000) { (output) throws(SocketError) in
                while try peer.socket.receive(into: &output) > 0 {}
            }
        }
    }

    @Test("Everything that can be written arrives, in order", arguments: Setup.all)
    func forms(_ setup: Setup) async throws {
        try await setup.run { stage in
            let collecting = try collecting(stage.peer)
            try await stage.start { (connection) async throws in
                try await connection.write([1, 2, 3])
                try await connection.write("text, \u{e4} and longer than fifteen bytes\n")
                try await connection.write("short")
                try await connection.write("utf8\n".utf8)
                try await connection.write([9, 8, 7][1...])
                try await connection.write([UInt8]())
                try await connection.write("")
                let array: [UInt8] = [4, 5]
                try await connection.write(array.span)
                try await connection.write(pieces: [])
                try await connection.write(pieces: [[], []])
                try await connection.write(pieces: [[], [6], [], Array("seven".utf8), []])
                try connection.finishWriting()
            }.value
            let expected: [[UInt8]] = [
                [1, 2, 3], Array("text, \u{e4} and longer than fifteen bytes\nshortutf8\n".utf8), [8, 7, 4, 5, 6],
                Array("seven".utf8),
            ]
            #expect(try await collecting.value == Array(expected.joined()))
        }
    }

    @Test(
        "4 MiB pass through the smallest send buffer, byte for byte, whatever they are written with",
        arguments: Setup.few)
    func smallBuffer(_ setup: Setup) async throws {
        try await setup.run { stage in
            try stage.connection.setOption(.sendBufferSize, 1)
            let content = muchContent
            let collecting = try collecting(stage.peer)
            try await stage.start { (connection) async throws in
                // A quarter each: at once, as text, in pieces, and cut in slices.
                let quarter = content.count / 4
                try await connection.write(Array(content[..<quarter]))
                try await connection.write(content[quarter..<(2 * quarter)])
                let rest = Array(content[(2 * quarter)...])
                try await connection.write(
                    pieces: stride(from: 0, to: quarter, by: 10_007).map { place in
                        Array(rest[place..<min(place + 10_007, quarter)])
                    })
                for place in stride(from: quarter, to: rest.count, by: 100_000) {
                    try await connection.write(rest[place..<min(place + 100_000, rest.count)])
                }
                try connection.finishWriting()
            }.value
            let received = try await collecting.value
            #expect(received.count == content.count)
            #expect(isSame(received, content))
        }
    }

    @Test("A text is written whole when the write has to wait in the middle of it")
    func longText() async throws {
        try await Setup().run { stage in
            try stage.connection.setOption(.sendBufferSize, 1)
            let content = String(repeating: "\u{e4}bc", count: 200_000)
            let collecting = try collecting(stage.peer)
            try await stage.start { (connection) async throws in
                try await connection.write(content)
                try connection.finishWriting()
            }.value
            #expect(try await collecting.value == Array(content.utf8))
        }
    }

    @Test("After the half-close reading goes on, and writing is a broken pipe", arguments: Setup.all)
    func halfClose(_ setup: Setup) async throws {
        try await setup.run { stage in
            let peer = stage.peer
            let answering = try Background {
                var all: [UInt8] = []
                while case let bytes = try peer.socket.receive(atMost: 100), !bytes.isEmpty { all += bytes }
                try peer.socket.sendAll(all + all)
                try peer.socket.shutdown(.sending)
            }
            try await stage.start { (connection) async throws in
                try await connection.write("question ")
                try connection.finishWriting()
                try connection.finishWriting()
                #expect(text(try await connection.readAll(limit: 100)) == "question question ")
                #expect(await code { try await connection.write("more") } == .brokenPipe)
            }.value
            try await answering.value
        }
    }

    @Test("The peer's half-close leaves writing as it is", arguments: Setup.tcp)
    func peersHalfClose(_ setup: Setup) async throws {
        try await setup.run { stage in
            try stage.peer.socket.shutdown(.sending)
            let content = Array(muchContent.prefix(1 << 18))
            try stage.connection.setOption(.sendBufferSize, 1)
            let collecting = try collecting(stage.peer)
            try await stage.start { (connection) async throws in
                #expect(try await connection.read(atMost: 1) == [])
                try await connection.write(content)
                try connection.finishWriting()
            }.value
            #expect(isSame(try await collecting.value, content))
        }
    }

    @Test("A peer that resets the connection ends a write that waits, and the reads", arguments: Setup.tcp)
    func reset(_ setup: Setup) async throws {
        let loop = try EventLoop(backend: setup.backend)
        defer { loop.shutdown() }
        let pair = try setup.pair()
        let connection = try Connection(adopting: pair.first, on: loop)
        let spare = try Socket(.unix)
        let stage = Stage(loop, connection, SharedSocket(spare), setup.place)
        let writing = stage.start { connection in
            let write = await code { while true { try await connection.write(muchContent) } }
            return (write, await code { try await connection.write("more") })
        }
        await stage.untilWaiting(.writing)
        try pair.second.setOption(.linger, .upTo(seconds: 0))
        try pair.second.close()
        let (first, second) = try await writing.value
        #expect(first == .connectionReset)
        #expect(second == .brokenPipe)
        // The error was told once; now it is the end.
        #expect(try await connection.read(atMost: 1) == [])
        #expect(errorCode { () throws(SocketError) in try connection.finishWriting() } == .notConnected)
        #expect(errorCode { () throws(SocketError) in _ = try connection.remoteAddress } == .notConnected)
        connection.close()
    }

    @Test("A peer that does not read makes a write wait until its time is over", arguments: Setup.all)
    func slowReader(_ setup: Setup) async throws {
        try await setup.run { stage in
            try await stage.start { (connection) async throws in
                let start = ContinuousClock.now
                let result = await code {
                    try await connection.write(muchContent + muchContent, timeout: .milliseconds(30))
                }
                #expect(result == .timedOut)
                #expect(start.duration(to: .now) >= .milliseconds(30))
                #expect(await code { try await connection.write(muchContent, timeout: .zero) } == .timedOut)
                try connection.setWriteTimeout(.milliseconds(5))
                let piece = muchContent
                #expect(await code { try await connection.write(pieces: [piece, piece]) } == .timedOut)
            }.value
        }
    }

    @Test("A file is sent from where to how far one likes, through the smallest buffer", arguments: Setup.few)
    func files(_ setup: Setup) async throws {
        let directory = try TemporaryDirectory()
        let content = pattern(1_500_000)
        let path = try directory.write("content", content)
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        defer { Glibc.close(file) }
        try await setup.run { stage in
            try stage.connection.setOption(.sendBufferSize, 1)
            let collecting = try collecting(stage.peer)
            try await stage.start { (connection) async throws in
                #expect(try await connection.sendFile(file) == 1_500_000)
                #expect(try await connection.sendFile(file, offset: 1_499_990) == 10)
                #expect(try await connection.sendFile(file, offset: 5, count: 7) == 7)
                #expect(try await connection.sendFile(file, count: 0) == 0)
                #expect(try await connection.sendFile(file, offset: 4_000_000, count: 5) == 0)
                #expect(await code { try await connection.sendFile(file, offset: -1) } == .invalidArgument)
                #expect(await code { try await connection.sendFile(file, count: -1) } == .invalidArgument)
                #expect(await code { try await connection.sendFile(-1) } == .badDescriptor)
                // The direction was given back each time.
                try await connection.write("end")
                try connection.finishWriting()
            }.value
            #expect(lseek(file, 0, SEEK_CUR) == 0)
            let received = try await collecting.value
            let expected = content + content.suffix(10) + content[5..<12] + Array("end".utf8)
            #expect(received.count == expected.count)
            #expect(isSame(received, expected))
        }
    }

    @Test("Sending a file to a peer that does not read times out, and says what it was")
    func slowFile() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("content", pattern(20_000_000))
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        defer { Glibc.close(file) }
        try await Setup().run { stage in
            try await stage.start { (connection) async throws in
                do throws(SocketError) {
                    try await connection.sendFile(file, timeout: .milliseconds(20))
                    Issue.record("no error")
                } catch {
                    #expect(error.code == .timedOut)
                    #expect(error.description.hasPrefix("sendfile tcp 127.0.0.1:"))
                }
            }.value
        }
    }
}
