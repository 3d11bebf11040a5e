internal import CMinato
internal import MinatoSocket

/// Waits until a listening socket has something, or until somebody wakes it: two descriptors and no interval.
@safe
final class ListenerWatch: ServingWatch, @unchecked Sendable {
    private let poller: OpaquePointer

    init(_ descriptor: Int32) throws(SocketError) {
        var opened: OpaquePointer?
        var result = unsafe minato_poller_open(Int32(MINATO_POLLER_DEFAULT), &opened)
        guard result >= 0, let poller = unsafe opened else { throw SocketError(.select, .init(result: result)) }
        unsafe self.poller = poller
        var registration: UInt64 = 0
        result = unsafe minato_poller_add(poller, descriptor, UInt32(MINATO_READABLE), 0, &registration)
        guard result >= 0 else { throw SocketError(.register, .init(result: result)) }
    }

    deinit { unsafe minato_poller_close(poller) }

    /// Waits. Only one thread may.
    func wait() throws(SocketError) {
        var event = minato_event()
        let result = uninterrupted {
            unsafe minato_poller_wait(poller, &event, 1, Deadline.none.nanoseconds)
        }
        guard result >= 0 else { throw SocketError(.select, .init(result: result)) }
    }

    /// Ends the wait under way, or the next one. From any thread, any number of times.
    func wake() { unsafe minato_poller_wake(poller) }
}
