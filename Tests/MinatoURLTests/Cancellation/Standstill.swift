import MinatoSocket
import TestSupport

@testable import MinatoURL

/// A transfer that has come to a standstill at a place of its course: the one it waits for does nothing more.
final class Standstill: Sendable {
    /// The place.
    enum Place: CaseIterable, Sendable {
        /// Nobody answers the SYN; the peer says nothing about TLS.
        case connecting, handshake
        /// A proxy says nothing to the request for a tunnel; it stops within its answer; one of SOCKS says nothing.
        case tunnel, tunnelAnswer, socks
        /// The server says nothing; it stops within the head; it has only said that it is at work.
        case head, partOfAHead, informational
        /// The server does not say that the body may come.
        case leave
        /// The server does not read the body.
        case sendingBytes, sendingAFile, sendingAStream
        /// The stream has nothing to send at the moment.
        case waitingForTheStream
        /// The server stops within the body: one with a length, one in chunks, one to the end of the connection, an encoded one.
        case body, chunk, untilTheEnd, encoded
        /// The server stops within the body of a redirect.
        case redirect

        /// Those at which there is a response.
        static let withResponse: [Place] = [.body, .chunk, .untilTheEnd, .encoded]
        /// Those at which the server is in the middle of receiving: it sees the end when it has read what lies before it.
        static let uploads: [Place] = [.sendingBytes, .sendingAFile, .sendingAStream]

        /// Whether the peer is the server itself, over plain HTTP.
        var isPlain: Bool { ![.connecting, .handshake, .tunnel, .tunnelAnswer, .socks].contains(self) }
        var hasResponse: Bool { Self.withResponse.contains(self) }
    }

    static let uploadCount = 32 << 20

    let place: Place
    let trace = Trace()
    /// The server has seen the end of the connection.
    let isGone = Gate()
    /// The task that writes the body has ended.
    let streamHasEnded = Gate()
    /// Lets a server read on that does not.
    let mayRead = Gate()
    private let isReached = Gate()
    private let silent: SilentListener?
    private let server: RawServer
    private let before: Set<ClientSocket>
    private let directory: TemporaryDirectory
    private let file: String

    init(_ place: Place) throws {
        self.place = place
        directory = try TemporaryDirectory()
        file = try directory.write("body", place == .sendingAFile ? pattern(Self.uploadCount) : [])
        silent = place == .connecting ? try SilentListener() : nil
        let (isReached, isGone, mayRead) = (isReached, isGone, mayRead)
        server = try RawServer { connection in
            // The second connection is that of whoever comes afterwards.
            if connection.index > 0 { return connection.answerAll { _ in okay("again") } }
            guard Self.bring(connection, to: place) else { return }
            isReached.open()
            if Place.uploads.contains(place) { mayRead.wait() }
            while !connection.read(1 << 16).isEmpty {}
            isGone.open()
        }
        before = try ClientSocket.all(to: silent?.port ?? server.port)
    }

    /// What the server does until the client waits. False when the client is gone before.
    private static func bring(_ connection: RawConnection, to place: Place) -> Bool {
        switch place {
        case .connecting: return true
        case .handshake, .socks: return connection.readByte() != nil
        case .sendingBytes, .sendingAFile, .sendingAStream, .leave: return connection.readHead() != nil
        case .waitingForTheStream: return connection.readHead() != nil && connection.read(6).count == 6
        case .tunnel, .head: return connection.readRequest() != nil
        case .tunnelAnswer, .partOfAHead, .informational, .body, .chunk, .untilTheEnd, .encoded, .redirect:
            return connection.readRequest() != nil && connection.send(answer(place)) && connection.waitUntilRead()
        }
    }

    private static func answer(_ place: Place) -> [UInt8] {
        let okay = "HTTP/1.1 200 OK\r\n"
        let text =
            switch place {
            case .tunnelAnswer: "HTTP/1.1 200 Connection est"
            case .partOfAHead: okay + "Content-Le"
            case .informational: "HTTP/1.1 103 Early Hints\r\n\r\n"
            case .body: okay + "Content-Length: 9\r\n\r\nabc"
            case .chunk: okay + "Transfer-Encoding: chunked\r\n\r\n9\r\nabc"
            case .untilTheEnd: okay + "\r\nabc"
            case .redirect: "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 9\r\n\r\nabc"
            default: okay + "Content-Encoding: gzip\r\n\r\n"
            }
        // A block of gzip that is stored, not compressed: `abc` of nine bytes.
        let start: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 9, 0, 0xF6, 0xFF, 0x61, 0x62, 0x63]
        return Array(text.utf8) + (place == .encoded ? start : [])
    }

    /// An opener for it, with no limit of time but those that are set here.
    func opener(
        on loop: EventLoop, _ change: (inout URLOpener.Timeouts) -> Void = { _ in }
    ) throws -> URLOpener {
        var configuration = URLOpener.Configuration.on(loop)
        configuration.timeouts.connect = nil
        configuration.timeouts.unwanted = .seconds(3600)
        change(&configuration.timeouts)
        let address = "127.0.0.1:\(server.port)"
        let proxy: Proxy? =
            switch place {
            case .tunnel, .tunnelAnswer: try Proxy("http://\(address)")
            case .socks: try Proxy("socks5://\(address)")
            default: nil
            }
        let handler = ProxyHandler(.custom { (url) throws(OpenError) in url.contains("h.invalid") ? proxy : nil })
        return URLOpener(handler, configuration: configuration)
    }

    /// Opens what will stand still.
    func open(
        _ face: Face, _ opener: URLOpener, deadline: Deadline = .none
    ) async throws(OpenError) -> AnyResponse {
        let request = try request()
        trace.follow(request)
        return try await face.open(opener, request, timeout: nil, deadline: deadline)
    }

    /// What is asked for.
    func request() throws(OpenError) -> URLOpener.Request {
        let url =
            switch place {
            case .connecting: silent?.url ?? ""
            case .handshake: "https://127.0.0.1:\(server.port)/"
            case .tunnel, .tunnelAnswer: "https://h.invalid/"
            case .socks: "http://h.invalid/"
            default: server.url()
            }
        var request = try URLOpener.Request(url, method: "GET", body: body())
        request.expectsContinue = place == .leave
        return request
    }

    private func body() -> URLOpener.Request.Body {
        let hasEnded = streamHasEnded
        switch place {
        case .sendingBytes: return .bytes([UInt8](repeating: 7, count: Self.uploadCount))
        case .sendingAFile: return .file(file)
        case .leave: return .bytes([1, 2, 3])
        case .sendingAStream:
            return .stream(length: nil) { writer in
                defer { hasEnded.open() }
                while true { try await writer.write([UInt8](repeating: 7, count: 1 << 16)) }
            }
        case .waitingForTheStream:
            return .stream(length: nil) { writer in
                defer { hasEnded.open() }
                try await writer.write([65])
                await waitUntilCancelled()
            }
        default: return .bytes(Array("body".utf8))
        }
    }

    /// Waits until the transfer stands still, or `isOver`: on a busy machine it may have come there, and have ended, before
    /// anybody looks.
    func isThere(orIsOver isOver: () -> Bool = { false }) async -> Bool {
        guard place == .connecting else { return await isReached.opened() }
        // The kernel sends the SYN when connect is called.
        while (try? sockets.isEmpty) == true, !isOver() { await Task.yield() }
        return true
    }

    /// The client's ends of its connections.
    var sockets: Set<ClientSocket> {
        get throws { try ClientSocket.all(to: silent?.port ?? server.port).subtracting(before) }
    }

    /// How many connections the server has got.
    var connections: Int { server.peers.count }

    /// The URL of a path, where the server is one that would answer.
    func url(_ path: String) -> String { server.url(path) }
}
