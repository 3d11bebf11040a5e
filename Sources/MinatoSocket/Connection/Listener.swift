internal import CMinato
internal import Glibc

/// A listening socket for tasks.
public final class Listener: @unchecked Sendable {
    package let channel: Channel

    /// Takes over a socket that listens.
    public init(_ socket: consuming Socket, on loop: EventLoop) {
        channel = Channel(socket, on: loop, isReadable: true, isWritable: false)
        channel.register()
    }

    deinit { channel.close() }

    /// Closes.
    public func close() { channel.close() }
}
