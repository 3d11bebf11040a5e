import CMinato
import Glibc
import MinatoSocket

/// A server that sends exactly the bytes that its script says, a thread for each connection.
final class RawServer: Sendable {
    let port: Int
    private let state: State

    /// Shared with the threads, which must not keep the server itself alive.
    private final class State: @unchecked Sendable {
        let lock = Lock()
        let listener: Int32
        var isListening = true
        var open: Set<Int32> = []
        var isStopped = false
        var requests: [String] = []
        var peers: [Int] = []
        init(_ listener: Int32) { self.listener = listener }
    }

    /// Starts a server on 127.0.0.1 and a free port; one that does not listen refuses, and no other gets its port.
    convenience init(isListening: Bool = true, _ script: @escaping @Sendable (RawConnection) -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            let address = unsafe UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
            unsafe bind(listener, address, length)
            unsafe getsockname(listener, address, &length)
        }
        if isListening { listen(listener, 64) }
        try self.init(listener, port: Int(UInt16(bigEndian: address.sin_port)), script)
    }

    /// Starts a server at a path.
    convenience init(path: String, _ script: @escaping @Sendable (RawConnection) -> Void) throws {
        try self.init(try Socket.listen(on: .unix(path)).detach(), port: 0, script)
    }

    private init(_ listener: Int32, port: Int, _ script: @escaping @Sendable (RawConnection) -> Void) throws {
        _ = InstalledOpener.isReplacedAtExit
        self.port = port
        let state = State(listener)
        self.state = state
        try Thread.start { Self.accept(state, script) }
    }

    /// Ends every connection, and does not wait for the threads: one that waits for a gate would keep one of Swift's few.
    deinit {
        state.lock.withLock {
            state.isStopped = true
            if state.isListening { shutdown(state.listener, Int32(SHUT_RDWR)) }
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// A server that answers the first request of each connection with that text, and opens the gate when the client ends
    /// the connection without sending anything more.
    static func answering(_ text: String, thenAtTheEnd gate: Gate) throws -> RawServer {
        try RawServer { connection in
            _ = connection.readRequest()
            connection.send(text)
            if connection.readByte() == nil { gate.open() }
        }
    }

    /// The URL of a path.
    func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    /// Every request so far, head and body.
    var requests: [String] { state.lock.withLock { state.requests } }

    /// The port of the client's end of each connection so far.
    var peers: [Int] { state.lock.withLock { state.peers } }

    private static func accept(_ state: State, _ script: @escaping @Sendable (RawConnection) -> Void) {
        defer {
            state.lock.withLock {
                state.isListening = false
                Glibc.close(state.listener)
            }
        }
        while true {
            var peer = minato_address()
            let descriptor = unsafe minato_socket_accept(state.listener, 0, Int64(MINATO_NO_DEADLINE), &peer)
            guard descriptor >= 0 else { return }
            let port = unsafe Int(minato_address_port(&peer))
            let index = state.lock.withLock { () -> Int? in
                guard !state.isStopped else { return nil }
                state.open.insert(descriptor)
                state.peers.append(port)
                return state.peers.count - 1
            }
            guard let index else {
                Glibc.close(descriptor)
                return
            }
            let connection = RawConnection(descriptor: descriptor, index: index) { request in
                state.lock.withLock { state.requests.append(request) }
            }
            let run: @Sendable () -> Void = {
                script(connection)
                state.lock.withLock { _ = state.open.remove(descriptor) }
                Glibc.close(descriptor)
            }
            do { try Thread.start(run) } catch { run() }
        }
    }
}

/// The server's end of a connection.
struct RawConnection: Sendable {
    fileprivate let descriptor: Int32
    /// The how manieth connection it is, from 0.
    let index: Int
    fileprivate let note: @Sendable (String) -> Void

    fileprivate init(descriptor: Int32, index: Int, note: @escaping @Sendable (String) -> Void) {
        self.descriptor = descriptor
        self.index = index
        self.note = note
        // Longer than the timeouts of tests, and than the watchdog: it is the client that gives up, and a connection that lies
        // idle while the machine is busy is there when it is used again.
        var limit = timeval(tv_sec: 400, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        var one: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sends a body as it is, or in chunks of 100,000 bytes with the last one.
    func send(_ body: [UInt8], inChunks: Bool) {
        guard inChunks else {
            send(body)
            return
        }
        for start in stride(from: 0, to: body.count, by: 100_000) {
            let chunk = body[start..<min(start + 100_000, body.count)]
            send("\(String(chunk.count, radix: 16))\r\n")
            send(chunk)
            send("\r\n")
        }
        send("0\r\n\r\n")
    }

    /// Reads a request with its body, or returns nil at the end of the connection.
    func readRequest() -> String? {
        guard let text = readHead() else { return nil }
        let length = text.range(of: "Content-Length: ").flatMap { range in
            Int(text[range.upperBound...].prefix { $0.isNumber })
        }
        guard let length else {
            note(text)
            return text
        }
        let body = read(length)
        guard body.count == length else { return nil }
        note(text + String(decoding: body, as: UTF8.self))
        return text + String(decoding: body, as: UTF8.self)
    }

    /// Reads a request without its body, or returns nil at the end of the connection. It is not noted.
    func readHead() -> String? {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
            guard let piece = readTo(10) else { return nil }
            bytes += piece
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Reads up to a byte, or less when no more is there; nil at the end.
    private func readTo(_ last: UInt8) -> [UInt8]? {
        var seen = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(descriptor, &seen, seen.count, Int32(MSG_PEEK))
        guard count > 0 else { return nil }
        let end = seen[..<count].firstIndex(of: last).map { $0 + 1 } ?? count
        return read(end)
    }

    /// Reads a byte, or returns nil at the end.
    func readByte() -> UInt8? {
        var byte: UInt8 = 0
        return unsafe recv(descriptor, &byte, 1, 0) == 1 ? byte : nil
    }

    /// Reads that many bytes, fewer when the connection ends.
    func read(_ count: Int) -> [UInt8] {
        // Of an array without memory ThreadSanitizer reports that threads write the same zero to the one that all share.
        if count == 0 { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = unsafe recv(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled, 0)
                guard got > 0 else { return }
                filled += got
            }
        }
    }

    /// Sends bytes; false when the client is gone.
    @discardableResult
    func send(_ bytes: some Collection<UInt8>) -> Bool {
        var bytes = Array(bytes)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            bytes = bytes.dropFirst(count)
        }
        return true
    }

    /// Sends text; false when the client is gone.
    @discardableResult
    func send(_ text: String) -> Bool { send(text.utf8) }

    /// Waits until the client has read all that was sent, or is gone.
    func waitUntilRead() -> Bool { ReceiveQueue.waitUntilRead(descriptor) }

    /// Says that nothing more will be sent, and goes on reading.
    func finishWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends the connection by a reset instead of an end.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    }

    /// Answers requests until the client is gone: each gets `response(request)`.
    func answerAll(_ response: (String) -> String) {
        while let request = readRequest() {
            guard send(response(request)) else { return }
        }
    }
}

extension String {
    /// The first place of another text; the standard library has it for collections only.
    fileprivate func range(of text: String) -> Range<String.Index>? {
        utf8.ranges(of: text.utf8).first
    }
}

/// A response with a body and its length.
func okay(_ body: String, _ fields: String = "") -> String {
    "HTTP/1.1 200 OK\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
}
