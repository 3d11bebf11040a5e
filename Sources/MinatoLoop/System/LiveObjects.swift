#if DEBUG
private import Synchronization
#endif

/// How many objects of a kind there are, threads included: for the leak check of the tests, which wants them gone at the end
/// of the process.
///
/// Counted in debug builds only; of a release build this is no part.
///
/// **Threads.** Every one, without a lock: a forked child may count too.
package enum LiveObjects: Int, CaseIterable, Sendable {
    /// Event loops.
    case loop
    /// Descriptors of connections, listeners and datagram sockets on event loops.
    case channel
    /// Tasks that wait for a connect or a look-up.
    case errand
    /// Tasks that sleep on a loop.
    case sleeper
    /// Tasks that serve a connection.
    case connectionTask
    /// Connections that a responder answers.
    case responder
    /// Transfers of libcurl.
    case transfer
    /// Threads: of a loop, of a blocking server's connections, of those that offload, of look-ups, of FTP, and others.
    case loopThread, worker, offloadThread, lookUpThread, transferThread, thread

    #if DEBUG
    private final class Counter: Sendable { let value = Atomic(0) }

    private static let counters = allCases.map { _ in Counter() }

    /// How many there are, nil in a release build.
    package var count: Int? { Self.counters[rawValue].value.load(ordering: .relaxed) }

    /// One more.
    package func isBorn() { Self.counters[rawValue].value.add(1, ordering: .relaxed) }

    /// One less.
    package func isGone() { Self.counters[rawValue].value.subtract(1, ordering: .relaxed) }
    #else
    package var count: Int? { nil }
    @inlinable
    package func isBorn() {}
    @inlinable
    package func isGone() {}
    #endif
}
