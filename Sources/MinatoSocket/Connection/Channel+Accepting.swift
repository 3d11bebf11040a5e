internal import CMinato
internal import Glibc

// Taking connections from a listening channel: without waiting, and the waiting for itself.

extension Channel {
    /// How a wait for connections ended.
    package enum AcceptWait: Sendable { case ready, closed, cancelled }

    /// A channel for a descriptor of its own for the same listening socket, which shares its queue with the others.
    package static func accepting(
        from listener: borrowing Socket, on loop: EventLoop, isOneOfSeveral: Bool
    ) throws(SocketError) -> Channel {
        try listener.stopBlocking()
        let channel = Channel(try listener.duplicate(), on: loop, isReadable: true, isWritable: false)
        channel.register(UInt32(MINATO_READABLE) | (isOneOfSeveral ? UInt32(MINATO_EXCLUSIVE) : 0))
        return channel
    }

    /// Takes one connection without waiting, as long as no other owner of the socket makes it block: its descriptor, or `-errno`;
    /// `-EAGAIN` when there is none.
    package func acceptOnce(_ client: inout SocketAddress) -> Int32 {
        withDescriptor { descriptor in
            uninterrupted {
                unsafe minato_socket_accept_once(descriptor, Int32(SOCK_NONBLOCK.rawValue), &client.storage)
            }
        } ?? -EAGAIN
    }

    /// Waits until there may be a connection to take. After `acceptOnce` has said that there is none.
    package nonisolated(nonsending) func waitForConnections() async -> AcceptWait {
        let isReady: Bool
        do throws(SocketError) { isReady = try begin(.reading) } catch { return .closed }
        // A wait of another task than the channel's own: it has none.
        let wake = isReady ? Wake.ready : await wait(.reading, until: .none)
        finish(.reading)
        switch wake {
        case .ready, .timedOut, .foreign: return .ready
        case .closed: return .closed
        case .cancelled: return .cancelled
        }
    }
}
