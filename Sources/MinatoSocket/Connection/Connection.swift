internal import CMinato
internal import Synchronization

/// A stream connection for tasks: TCP or Unix.
///
///     try await withConnection(to: .tcp("localhost", 9999)) { connection in
///         try await connection.write("hello\n")
///         let reply = try await connection.read(atMost: 1024)
///     }
@safe
public final class Connection: @unchecked Sendable {
    package let channel: Channel

    /// What was received and not asked for yet. Belongs to whoever has the reading direction.
    var input = ReadBuffer()

    /// In nanoseconds, negative for none.
    let readTimeout: Atomic<Int64>
    let writeTimeout: Atomic<Int64>

    /// For the first wait for something to read; in nanoseconds, negative for none.
    let firstReadTimeout: Int64

    package init(
        _ channel: Channel, readTimeout: Int64 = -1, writeTimeout: Int64 = -1, firstReadTimeout: Int64? = nil
    ) {
        self.channel = channel
        self.firstReadTimeout = firstReadTimeout ?? readTimeout
        self.readTimeout = Atomic(readTimeout)
        self.writeTimeout = Atomic(writeTimeout)
    }

    deinit { channel.close() }

    /// Takes over a connected socket.
    public convenience init(_ socket: consuming Socket, on loop: EventLoop) {
        let channel = Channel(socket, on: loop)
        self.init(channel)
        channel.register()
    }

    /// Closes.
    public func close() { channel.close() }
}
