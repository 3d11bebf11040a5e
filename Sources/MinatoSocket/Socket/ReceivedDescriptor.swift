internal import CMinato
internal import Synchronization

/// A descriptor that another process passed, closed when nobody takes it.
///
/// So nothing leaks when a message is ignored. It is close-on-exec from birth. Any thread may use it, and of several that
/// take it one gets it.
///
/// C: `minato_control_descriptors`. Python: an item of what `socket.recv_fds` returns.
public final class ReceivedDescriptor: Sendable {
    /// -1: taken.
    private let descriptor: Atomic<Int32>

    init(owning descriptor: Int32) { self.descriptor = Atomic(descriptor) }

    deinit {
        let left = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
        if left >= 0 { minato_socket_close(left) }
    }

    /// Takes the descriptor: from now on the caller closes it.
    ///
    /// - Returns: its number; nil when it was taken before.
    public func take() -> Int32? {
        let taken = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
        return taken < 0 ? nil : taken
    }

    /// Takes the descriptor as a socket, which closes it.
    ///
    /// - Returns: the socket; nil when the descriptor was taken before.
    /// - Throws: `.notASocket`; the descriptor can still be taken then.
    public func takeSocket() throws(SocketError) -> Socket? {
        guard let taken = take() else { return nil }
        do throws(SocketError) {
            return try Socket(adopting: taken)
        } catch {
            descriptor.store(taken, ordering: .releasing)
            throw error
        }
    }
}
