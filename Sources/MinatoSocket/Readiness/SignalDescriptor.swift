internal import CMinato
internal import Glibc

/// A signal that was read from a ``SignalDescriptor``.
public struct SignalInfo: Hashable, Sendable {
    /// The number: SIGTERM ...
    public let signal: Int32
    /// Why it was sent: SI_USER, SI_KERNEL ... See sigaction(2).
    public let code: Int32
    /// The process that sent it, 0 when there is none.
    public let process: Int32
    /// The real user of that process.
    public let user: UInt32
}

/// Signals as something that is waited for and read like a socket.
///
///     let signals = try SignalDescriptor([SIGINT, SIGTERM])     // on the main thread, before others are started
///     try selector.register(signals.descriptor, for: .read, value: .signal)
///     ...
///     let signal = try signals.read().signal
///
/// **Threads.** A signal that is sent to the process goes to any thread that does not block it, and there does what it did
/// before: SIGTERM ends the process. So make this on the main thread before other threads are started (they inherit what it
/// blocks), or call ``block(_:)`` in each of them. Swift's concurrency starts its threads at the first task. A program that
/// this process starts inherits the blocked signals too.
///
/// It cannot be copied; any thread may read, and each signal is read once. Dropping it closes the descriptor and leaves the
/// signals blocked: see ``unblock(_:)``.
///
/// C: `minato/signal.h`. Python: `signal.set_wakeup_fd`. See signalfd(2).
public struct SignalDescriptor: ~Copyable, Sendable {
    /// The descriptor: readable when a signal waits. It is non-blocking and close-on-exec, and stays this value's.
    public let descriptor: Int32

    /// Opens a descriptor for signals, and blocks them for the calling thread.
    ///
    /// - Parameter signals: their numbers: `[SIGINT, SIGTERM]`.
    /// - Throws: `.invalidArgument` for a number that is no signal and for SIGKILL and SIGSTOP, which nobody can hold up;
    ///   `.tooManyDescriptors`.
    ///
    /// C: `minato_signal_open`.
    public init(_ signals: [Int32]) throws(SocketError) {
        try Self.check(signals)
        let result = unsafe minato_signal_open(signals, signals.count)
        guard result >= 0 else { throw Self.failure(result, signals) }
        descriptor = result
    }

    deinit { minato_socket_close(descriptor) }

    /// Waits for the next signal.
    ///
    /// - Parameter timeout: how long to wait at most: nil, the default, for ever; zero not at all.
    /// - Throws: `.timedOut`; `.wouldBlock` when the timeout is zero and no signal waits; `.invalidArgument` for a negative
    ///   timeout.
    ///
    /// C: `minato_signal_read`. Python: `signal.sigtimedwait`.
    public func read(timeout: Duration? = nil) throws(SocketError) -> SignalInfo {
        if let timeout, timeout < .zero { throw SocketError(.signal, .invalidArgument, subject: "timeout \(timeout)") }
        let deadline = Deadline.after(timeout).nanoseconds
        var info = minato_signal_info()
        let result = uninterrupted { unsafe minato_signal_read(descriptor, deadline, &info) }
        guard result >= 0 else { throw SocketError(.signal, .init(result: result)) }
        return SignalInfo(signal: info.signal, code: info.code, process: info.process, user: info.user)
    }

    /// Blocks signals for the calling thread, and for those that it starts from now on.
    ///
    /// - Throws: `.invalidArgument` as ``init(_:)``; nothing is blocked then.
    ///
    /// C: `minato_signal_block`. Python: `signal.pthread_sigmask`.
    public static func block(_ signals: [Int32]) throws(SocketError) {
        try check(signals)
        let result = unsafe minato_signal_block(signals, signals.count)
        guard result >= 0 else { throw failure(result, signals) }
    }

    /// Lets signals through again to the calling thread. One that waits comes at once and does what it does.
    ///
    /// - Throws: `.invalidArgument` as ``init(_:)``.
    ///
    /// C: `minato_signal_unblock`. Python: `signal.pthread_sigmask`.
    public static func unblock(_ signals: [Int32]) throws(SocketError) {
        try check(signals)
        let result = unsafe minato_signal_unblock(signals, signals.count)
        guard result >= 0 else { throw failure(result, signals) }
    }

    /// The kernel takes these two without a word and never delivers them: see signalfd(2).
    private static func check(_ signals: [Int32]) throws(SocketError) {
        if signals.contains(where: { $0 == SIGKILL || $0 == SIGSTOP }) { throw failure(-EINVAL, signals) }
    }

    private static func failure(_ result: Int32, _ signals: [Int32]) -> SocketError {
        SocketError(.signal, .init(result: result), subject: "signals \(signals)")
    }
}
