// SocketReader's methods, on the socket that is owned.

extension BufferedSocket {
    /// Reads what is there, and waits when nothing is: see ``SocketReader/read(atMost:from:)``. Python: `read1`.
    public mutating func read(atMost count: Int) throws(SocketError) -> [UInt8] {
        try reader.read(atMost: count, from: socket)
    }

    /// Reads a number of bytes, and waits until all are there: see ``SocketReader/read(exactly:from:)``.
    ///
    /// - Throws: `.endOfStream` when the stream ends before; what came stays readable.
    ///
    /// Python: `read(n)`.
    public mutating func read(exactly count: Int) throws(SocketError) -> [UInt8] {
        try reader.read(exactly: count, from: socket)
    }

    /// Reads up to and with a delimiter: see ``SocketReader/read(until:limit:from:)``.
    ///
    /// - Throws: `.limitExceeded` when `limit` bytes came without it, `.endOfStream`; what came stays readable.
    public mutating func read(
        until delimiter: [UInt8], limit: Int = SocketReader.defaultLimit
    ) throws(SocketError) -> [UInt8] {
        try reader.read(until: delimiter, limit: limit, from: socket)
    }

    /// Reads a line with its "\n", nil at the end of the stream: see ``SocketReader/readLine(limit:from:)``.
    ///
    /// - Throws: `.limitExceeded` for a line of more than `limit` bytes, of which nothing is taken.
    ///
    /// Python: `readline`.
    public mutating func readLine(limit: Int = SocketReader.defaultLimit) throws(SocketError) -> [UInt8]? {
        try reader.readLine(limit: limit, from: socket)
    }

    /// Reads lines up to the end of the stream and hands each over: see ``SocketReader/forEachLine(limit:from:_:)``.
    ///
    /// Python: `for line in file`.
    public mutating func forEachLine(
        limit: Int = SocketReader.defaultLimit, _ body: ([UInt8]) throws -> Void
    ) throws {
        try reader.forEachLine(limit: limit, from: socket, body)
    }

    /// Reads everything up to the end of the stream: see ``SocketReader/readAll(limit:from:)``.
    ///
    /// - Throws: `.limitExceeded` when more than `limit` bytes came; they stay readable.
    ///
    /// Python: `read()`.
    public mutating func readAll(limit: Int) throws(SocketError) -> [UInt8] {
        try reader.readAll(limit: limit, from: socket)
    }
}
