internal import CMinato

/// Reads lines and exact numbers of bytes from a stream socket that somebody else owns.
///
/// For handlers, which only borrow their socket; ``BufferedSocket`` is the same for one that is owned. Give it the same
/// socket with each call:
///
///     var reader = SocketReader()
///     while let line = try reader.readLine(from: socket) { try socket.sendAll(line) }
///
/// It reads ahead: bytes that it holds (``buffered``) are not seen by the socket's own `receive`, nor by `select`. Each call
/// waits, for at most the socket's timeout as a whole, until it has what it is to return. **After an error nothing is
/// lost**: what has arrived stays, and the same call made again goes on where it stopped, after `.timedOut` too.
///
/// One thread at a time uses it. Python: `makefile("rb")`, whose object is of no use after a timeout.
public struct SocketReader: Sendable {
    private var buffer: ReadBuffer

    /// The limit of lines unless one is given: 65,536 bytes.
    public static let defaultLimit = 65_536

    /// How many bytes are asked of the kernel at once.
    private static let chunk = 16_384

    /// A reader, in front of whose socket lie bytes that have been read already.
    ///
    /// - Parameter unread: those bytes. Default: none.
    public init(unread: [UInt8] = []) { buffer = ReadBuffer(unread) }

    /// How many bytes have been received and not been read yet.
    public var buffered: Int { buffer.count }

    /// Takes the bytes that have been received and not been read yet, without waiting.
    public mutating func takeBuffered() -> [UInt8] { buffer.take(atMost: buffer.count) }

    /// Reads what is there, and waits when nothing is.
    ///
    /// - Parameters:
    ///   - count: the most bytes to read, 0 or more.
    ///   - socket: the stream socket.
    /// - Returns: 1 to `count` bytes; none at the end of the stream, or for a count of 0.
    /// - Throws: `.timedOut`, `.wouldBlock`, `.connectionReset` ... as `receive`; `.invalidArgument` for a negative count.
    ///
    /// Python: `read1`.
    public mutating func read(atMost count: Int, from socket: borrowing Socket) throws(SocketError) -> [UInt8] {
        try socket.checkCount(count)
        if count > 0, buffer.isEmpty { _ = try receive(from: socket, deadline: socket.deadline) }
        return buffer.take(atMost: count)
    }

    /// Reads a number of bytes, and waits until all are there.
    ///
    /// - Parameters:
    ///   - count: how many, 0 or more. Memory is taken as they arrive, not beforehand.
    ///   - socket: the stream socket.
    /// - Returns: exactly `count` bytes.
    /// - Throws: `.endOfStream` when the stream ends before, and what came stays readable; else as
    ///   ``read(atMost:from:)``.
    ///
    /// Python: `read(n)`, which returns fewer at the end.
    public mutating func read(exactly count: Int, from socket: borrowing Socket) throws(SocketError) -> [UInt8] {
        try socket.checkCount(count)
        let deadline = socket.deadline
        while true {
            if let bytes = buffer.take(exactly: count) { return bytes }
            guard try receive(from: socket, deadline: deadline) else { throw error(.endOfStream, socket) }
        }
    }

    /// Reads up to and with a delimiter, and waits until it has come.
    ///
    /// - Parameters:
    ///   - delimiter: one byte or more.
    ///   - limit: the most bytes to return, the delimiter included. Default: 65,536.
    ///   - socket: the stream socket.
    /// - Returns: the bytes, the delimiter at their end.
    /// - Throws: `.limitExceeded` when `limit` bytes came without the delimiter; `.endOfStream` when the stream ends before
    ///   it; `.invalidArgument` for an empty delimiter or a negative limit; else as ``read(atMost:from:)``. What came stays
    ///   readable.
    public mutating func read(
        until delimiter: [UInt8], limit: Int = defaultLimit, from socket: borrowing Socket
    ) throws(SocketError) -> [UInt8] {
        let deadline = socket.deadline
        while true {
            if let bytes = try buffer.take(through: delimiter, limit: limit) { return bytes }
            guard try receive(from: socket, deadline: deadline) else { throw error(.endOfStream, socket) }
        }
    }

    /// Reads a line, and waits until it has come.
    ///
    /// - Parameters:
    ///   - limit: the most bytes of a line, its "\n" included. Default: 65,536.
    ///   - socket: the stream socket.
    /// - Returns: the line **with its "\n"** (and the "\r" before it, if there is one), so that an empty line and the end
    ///   differ; the last line without "\n" when the stream ends so; nil at the end of the stream.
    /// - Throws: `.limitExceeded` for a longer line, of which nothing is taken; `.invalidArgument` for a negative limit;
    ///   else as ``read(atMost:from:)``. Not thrown: `.endOfStream`.
    ///
    /// Python: `readline`, which cuts a longer line in pieces.
    public mutating func readLine(
        limit: Int = defaultLimit, from socket: borrowing Socket
    ) throws(SocketError) -> [UInt8]? {
        let deadline = socket.deadline
        while true {
            do throws(SocketError) {
                if let line = try buffer.takeLine(limit: limit) { return line }
            } catch {
                throw self.error(error.code, socket, subject: error.subject)
            }
            guard try receive(from: socket, deadline: deadline) else {
                return buffer.isEmpty ? nil : buffer.take(atMost: buffer.count)
            }
        }
    }

    /// Reads lines up to the end of the stream and hands each over.
    ///
    /// The socket's timeout holds for each line anew.
    ///
    /// - Parameters:
    ///   - limit: the most bytes of a line, its "\n" included. Default: 65,536.
    ///   - socket: the stream socket.
    ///   - body: gets each line as ``readLine(limit:from:)`` returns it; what it throws ends the reading.
    /// - Throws: as ``readLine(limit:from:)``, and what `body` throws. The lines behind stay readable.
    ///
    /// Python: `for line in file`.
    public mutating func forEachLine(
        limit: Int = defaultLimit, from socket: borrowing Socket, _ body: ([UInt8]) throws -> Void
    ) throws {
        while let line = try readLine(limit: limit, from: socket) { try body(line) }
    }

    /// Reads everything up to the end of the stream.
    ///
    /// - Parameters:
    ///   - limit: the most bytes to hold in memory for a peer that does not end.
    ///   - socket: the stream socket.
    /// - Returns: all bytes; none when the stream has ended.
    /// - Throws: `.limitExceeded` when more came, `.invalidArgument` for a negative limit; else as
    ///   ``read(atMost:from:)``. What came stays readable.
    ///
    /// Python: `read()`.
    public mutating func readAll(limit: Int, from socket: borrowing Socket) throws(SocketError) -> [UInt8] {
        try socket.checkCount(limit)
        let deadline = socket.deadline
        repeat {
            if buffer.count > limit { throw error(.limitExceeded, socket, subject: "limit \(limit)") }
        } while try receive(from: socket, deadline: deadline)
        return buffer.take(atMost: buffer.count)
    }

    /// Receives what is there into the buffer; false at the end of the stream.
    private mutating func receive(from socket: borrowing Socket, deadline: Int64) throws(SocketError) -> Bool {
        let deadline = socket.receiveDeadline(within: deadline)
        let descriptor = socket.descriptor
        var result: Int64 = 0
        buffer.append(atMost: Self.chunk) { output in
            result = unsafe output.appendBytes { (start, capacity) in
                uninterrupted { unsafe minato_socket_receive(descriptor, start, capacity, 0, deadline) }
            }
        }
        socket.didReceive(result)
        guard result >= 0 else { throw socket.failure(.receive, result) }
        return result > 0
    }

    private func error(
        _ code: SocketError.Code, _ socket: borrowing Socket, subject: String? = nil
    ) -> SocketError {
        SocketError(.receive, code, network: socket.networkName, subject: subject)
    }
}
