internal import CMinato

/// Collects small pieces and sends them together, on a stream socket that somebody else owns.
///
/// For handlers, which only borrow their socket; ``BufferedSocket`` is the same for one that is owned. Give it the same
/// socket with each call, and flush at the end: a writer that is dropped drops what it holds.
///
///     var writer = SocketWriter()
///     try writer.write("200 ", to: socket)
///     try writer.write("OK\r\n", to: socket)
///     try writer.flush(to: socket)
///
/// **After an error nothing is lost and nothing is sent twice**: each byte given to `write` has been taken by the kernel or
/// is still held (``buffered``), and ``flush(to:)`` goes on with the first that was not taken, which makes sense after
/// `.timedOut` and `.wouldBlock`. After such an error flush before writing more, or the buffer grows.
///
/// One thread at a time uses it. Python: `makefile("wb")`.
public struct SocketWriter: Sendable {
    private var pending: [UInt8] = []

    /// How many bytes are collected before they are sent.
    public let capacity: Int

    /// How many bytes are collected unless said otherwise: 8,192, as in Python.
    public static let defaultCapacity = 8192

    /// A writer that holds nothing.
    ///
    /// - Parameter capacity: how many bytes to collect before they are sent. Default: 8,192; zero and below send at once.
    public init(capacity: Int = defaultCapacity) { self.capacity = max(capacity, 0) }

    /// How many bytes have been written and not been sent yet.
    public var buffered: Int { pending.count }

    /// Takes the bytes that have been written and not been sent yet: they will not be sent.
    public mutating func takeBuffered() -> [UInt8] {
        let bytes = pending
        pending = []
        return bytes
    }

    /// Writes bytes: collects them, and sends what is collected when it is more than ``capacity``.
    ///
    /// Waits only when it sends, for at most the socket's timeout as a whole.
    ///
    /// - Throws: `.timedOut`, `.wouldBlock`, `.brokenPipe`, `.connectionReset` ... as `sendAll`. The bytes count as written
    ///   then: do not write them again.
    ///
    /// C: `minato_socket_send_all`. Python: `write`.
    public mutating func write(_ bytes: [UInt8], to socket: borrowing Socket) throws(SocketError) {
        if pending.count + bytes.count <= capacity {
            pending.append(contentsOf: bytes)
            return
        }
        let deadline = socket.deadline
        // Little joins what is pending in one packet. Much goes by itself, which spares copying it.
        if !pending.isEmpty, bytes.count >= capacity {
            do throws(SocketError) {
                try flush(to: socket, deadline: deadline)
            } catch {
                pending.append(contentsOf: bytes)
                throw error
            }
        }
        if pending.isEmpty {
            pending = bytes
        } else {
            pending.append(contentsOf: bytes)
        }
        try flush(to: socket, deadline: deadline)
    }

    /// Writes a text in UTF-8: see ``write(_:to:)-([UInt8],_)``.
    public mutating func write(_ text: String, to socket: borrowing Socket) throws(SocketError) {
        try write(Array(text.utf8), to: socket)
    }

    /// Sends what is collected.
    ///
    /// Waits, for at most the socket's timeout as a whole, until the kernel has taken it all. Does nothing when nothing is
    /// collected.
    ///
    /// - Throws: as ``write(_:to:)-([UInt8],_)``; what was not sent stays, and the next flush goes on there.
    ///
    /// C: `minato_socket_send_all`. Python: `flush`.
    public mutating func flush(to socket: borrowing Socket) throws(SocketError) {
        guard !pending.isEmpty else { return }
        try flush(to: socket, deadline: socket.deadline)
    }

    private mutating func flush(to socket: borrowing Socket, deadline: Int64) throws(SocketError) {
        let descriptor = socket.descriptor
        var sent = 0
        let result = unsafe pending.withUnsafeBytes { bytes in
            uninterrupted {
                var step = 0
                let result = unsafe minato_socket_send_all(
                    descriptor, bytes.startOrDummy + sent, bytes.count - sent, 0, deadline, &step)
                sent += step
                return result
            }
        }
        if sent < pending.count {
            pending.removeSubrange(..<sent)
        } else if sent <= capacity {
            pending.removeAll(keepingCapacity: true)
        } else {
            pending = []
        }
        // What was not sent may still be.
        socket.didSend(Int64(result))
        guard result >= 0 else { throw socket.failure(.send, result) }
    }
}
