/// A stream socket with a buffered reader and writer: lines, exact numbers of bytes, small pieces sent together.
///
///     var stream = BufferedSocket(try Socket.connect(to: .tcp("localhost", 25)))
///     try stream.write("HELO me\r\n")
///     try stream.flush()
///     while let line = try stream.readLine() { ... }
///     try stream.close()
///
/// It owns the socket. Reading never flushes: flush before waiting for an answer. Dropping it closes the socket and drops
/// what has not been flushed; ``close()`` flushes.
///
/// **After an error nothing is lost.** What has arrived stays readable, and a later call goes on where one stopped, after
/// `.timedOut` too. What was not sent stays too, and ``flush()`` goes on with it.
///
/// **Threads.** It cannot be copied, and one thread at a time uses it. To read and write from two, let them share a socket
/// and give each a ``SocketReader`` or ``SocketWriter`` of its own.
///
/// Python: `makefile("rwb")`, whose object is of no use after a timeout.
public struct BufferedSocket: ~Copyable, Sendable {
    /// The socket: for its addresses, its options, and to shut it down. Its own `receive` does not see bytes that have been
    /// read ahead, and its own `send` overtakes those that have not been flushed.
    public private(set) var socket: Socket

    var reader: SocketReader
    private var writer: SocketWriter

    /// Takes over a stream socket.
    ///
    /// - Parameters:
    ///   - socket: the socket, connected or yet to be.
    ///   - unread: bytes that have been received from it already and are read first. Default: none.
    ///   - writeCapacity: how many bytes to collect before they are sent. Default: 8,192; zero and below send at once.
    ///
    /// Python: `makefile`.
    public init(
        _ socket: consuming Socket, unread: [UInt8] = [], writeCapacity: Int = SocketWriter.defaultCapacity
    ) {
        self.socket = socket
        reader = SocketReader(unread: unread)
        writer = SocketWriter(capacity: writeCapacity)
    }

    /// How long a call may wait: see ``Socket/timeout``.
    public var timeout: Duration? { socket.timeout }

    /// Sets ``timeout`` for the calls to come: see ``Socket/setTimeout(_:)``.
    ///
    /// - Throws: `.invalidArgument` for a negative one.
    public mutating func setTimeout(_ timeout: Duration?) throws(SocketError) {
        try socket.setTimeout(timeout)
    }

    /// How many bytes have been received and not been read yet.
    public var bufferedForReading: Int { reader.buffered }

    /// How many bytes have been written and not been sent yet.
    public var bufferedForWriting: Int { writer.buffered }

    /// Writes bytes: see ``SocketWriter/write(_:to:)-([UInt8],_)``. Python: `write`.
    public mutating func write(_ bytes: [UInt8]) throws(SocketError) { try writer.write(bytes, to: socket) }

    /// Writes a text in UTF-8: see ``SocketWriter/write(_:to:)-([UInt8],_)``. Python: `write`.
    public mutating func write(_ text: String) throws(SocketError) { try writer.write(text, to: socket) }

    /// Sends what was written: see ``SocketWriter/flush(to:)``. Python: `flush`.
    public mutating func flush() throws(SocketError) { try writer.flush(to: socket) }

    /// Flushes and closes the socket.
    ///
    /// - Throws: as ``flush()`` and ``Socket/close()``. The socket is closed all the same, and what was not sent is lost.
    ///
    /// Python: `close`.
    public consuming func close() throws(SocketError) {
        try flush()
        try socket.close()
    }

    /// What ``detach()`` gives back.
    @frozen
    public struct Detached: ~Copyable, Sendable {
        /// The socket.
        public var socket: Socket
        /// What was received and not read.
        public let unread: [UInt8]
        /// What was written and not sent: nothing after a flush.
        public let unsent: [UInt8]

        @usableFromInline
        init(socket: consuming Socket, unread: [UInt8], unsent: [UInt8]) {
            self.socket = socket
            self.unread = unread
            self.unsent = unsent
        }
    }

    /// Gives the socket back, with the bytes that were read ahead and those that were not flushed. Sends nothing.
    ///
    /// To hand a connection on when its protocol changes. Python: `detach`.
    public consuming func detach() -> Detached {
        let unread = reader.takeBuffered()
        let unsent = writer.takeBuffered()
        return Detached(socket: socket, unread: unread, unsent: unsent)
    }
}
