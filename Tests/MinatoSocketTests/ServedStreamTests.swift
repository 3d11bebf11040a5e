import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

/// What a server's connection remembers of sends whose time was over.
@Suite("Lost output", .watchdog)
struct ServedStreamTests {
    enum Verb: CaseIterable { case send, message, writer, sendAll, file }

    private static func perform(_ verb: Verb, _ socket: borrowing Socket, _ writer: inout SocketWriter) throws {
        let bytes = [UInt8](repeating: 7, count: 1 << 22)
        switch verb {
        case .send: while true { try socket.send(bytes) }
        case .message: while true { try socket.sendMessage([bytes]) }
        case .writer: try writer.write(bytes, to: socket)
        case .sendAll: try socket.sendAll(bytes)
        case .file:
            let directory = try TemporaryDirectory()
            let file = unsafe open(try directory.write("file", bytes), O_RDONLY | O_CLOEXEC)
            defer { close(file) }
            try socket.sendFile(file)
        }
    }

    @Test("What the kernel did not take may come later, what it took half is a gap for good", arguments: Verb.allCases)
    func lostOutput(_ verb: Verb) throws {
        var pair = try Socket.pair()
        try pair.first.setTimeout(.milliseconds(20))
        pair.first.beServed(limitingFirstReceiveTo: nil)
        try pair.first.sendAll("x")
        var hasLost = pair.first.hasLostOutput
        #expect(!hasLost)
        var writer = SocketWriter()
        var code: SocketError.Code?
        do { try Self.perform(verb, pair.first, &writer) } catch { code = (error as? SocketError)?.code }
        hasLost = pair.first.hasLostOutput
        #expect(code == .timedOut && hasLost)
        // A copy is of the same stream.
        hasLost = try pair.first.duplicate().hasLostOutput
        #expect(hasLost)
        // Whoever reads makes room for all of the rest.
        let peer = SharedSocket(pair.second)
        let reading = try Background { while try !peer.socket.receive(atMost: 65_536).isEmpty {} }
        try pair.first.setTimeout(.seconds(20))
        if verb == .writer { try writer.flush(to: pair.first) } else { try pair.first.sendAll("y") }
        hasLost = pair.first.hasLostOutput
        #expect(hasLost == (verb == .sendAll || verb == .file))
        try pair.first.close()
        try reading.join()
    }

    @Test("Nobody else's socket remembers it, and one that does not wait at all has lost nothing")
    func others() throws {
        var pair = try Socket.pair()
        let bytes = [UInt8](repeating: 7, count: 1 << 22)
        try pair.first.setTimeout(.milliseconds(20))
        var code = errorCode { () throws(SocketError) in try pair.first.sendAll(bytes) }
        var hasLost = pair.first.hasLostOutput
        #expect(code == .timedOut && !hasLost)
        pair.first.beServed(limitingFirstReceiveTo: nil)
        try pair.first.setTimeout(.zero)
        code = errorCode { () throws(SocketError) in try pair.first.send(bytes) }
        hasLost = pair.first.hasLostOutput
        #expect(code == .wouldBlock && !hasLost)
    }

    @Test("What is remembered goes with the socket that is given to a loop", arguments: [true, false])
    func isLetGoOf(_ isCopy: Bool) throws {
        weak var stream: ServedStream?
        do {
            var pair = try Socket.pair()
            pair.first.beServed(limitingFirstReceiveTo: nil)
            stream = pair.first.servedStream
            let connection = try Connection(adopting: isCopy ? pair.first.duplicate() : pair.first)
            connection.close()
        }
        #expect(stream == nil)
    }
}
