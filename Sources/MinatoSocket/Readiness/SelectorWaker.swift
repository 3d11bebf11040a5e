internal import CMinato

/// Ends the wait of a ``Selector`` from another thread.
///
/// Many threads may hold it and call it at any time, also after the selector is gone. It does not keep the selector's
/// descriptors open.
@safe
public final class SelectorWaker: @unchecked Sendable {
    private let lock = Lock()
    /// nil once the selector is gone. The lock keeps it open for as long as a wake-up is under way.
    private var poller: OpaquePointer?

    init(poller: OpaquePointer) { unsafe self.poller = poller }

    /// Ends the `select` that is under way, or else the next one.
    ///
    /// That call returns what is ready, which may be nothing. Several wake-ups before it returns count as one. Does not
    /// block and never fails; does nothing when the selector is gone. Not for signal handlers: those have
    /// ``SignalDescriptor``.
    ///
    /// C: `minato_poller_wake`.
    public func wake() {
        lock.withLock {
            if let poller = unsafe poller { _ = unsafe minato_poller_wake(poller) }
        }
    }

    /// Closes the poller. Called once, by the selector that owns it.
    func close() {
        lock.withLock {
            unsafe minato_poller_close(poller)
            unsafe poller = nil
        }
    }
}
