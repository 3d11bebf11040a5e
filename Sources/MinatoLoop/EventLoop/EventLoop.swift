internal import CMinato
internal import Glibc

/// One thread that waits for many sockets and timers, and runs the tasks that use them.
///
/// Most programs never make one: servers and connections use the loops of ``EventLoopGroup/shared``. A loop is a
/// `TaskExecutor`: what a task does between two waits runs on the loop's thread when the task was started with the loop as
/// its preference, which is what servers do. A task that computes for long or blocks holds up everything else on its loop.
///
///     let loop = try EventLoop()
///     await withTaskExecutorPreference(loop) { ... }
///     loop.shutdown()
///
/// An idle loop uses no processor time. Its thread ends after ``shutdown()``, or when nobody holds the loop any more.
///
/// **Threads.** May be used from every thread.
///
/// **fork(2).** A child has no thread for the loop: what is asked of it there fails with `.forked`. A child that a task forks
/// off must not return to its loop: let it call exec or _exit.
///
/// Python: the loop of `asyncio`. See epoll(7).
public final class EventLoop: TaskExecutor, Sendable {
    /// How a loop learns what is ready.
    public enum Backend: Sendable {
        /// epoll(7).
        case epoll
        /// poll(2): the portable one, slower with every connection. For tests.
        case poll

        /// epoll, or what the environment variable `MINATO_EVENT_LOOP_BACKEND` names: `epoll` or `poll`.
        public static var standard: Backend {
            guard let value = unsafe getenv("MINATO_EVENT_LOOP_BACKEND") else { return .epoll }
            return unsafe strcmp(value, "poll") == 0 ? .poll : .epoll
        }
    }

    package let core: LoopCore

    /// Opens a loop and starts its thread.
    ///
    /// - Parameter backend: how it learns what is ready. Default: ``Backend/standard``.
    /// - Throws: `.tooManyDescriptors` (it needs two), `EAGAIN` when no thread can be started.
    public init(backend: Backend = .standard) throws(SocketError) {
        core = try LoopCore(backend: Int32(backend == .poll ? MINATO_POLLER_POLL : MINATO_POLLER_EPOLL))
        unsafe core.executor = unsafe asUnownedTaskExecutor()
        let core = core
        try Thread.start(.loopThread) { core.run() }
    }

    deinit { core.stop() }

    /// Ends the loop: closes its connections and listeners, whose waiters get `.closed`, and ends its thread.
    ///
    /// Returns at once. Tasks that prefer the loop go on in Swift's global pool. May be called any number of times.
    public func shutdown() { core.stop() }

    /// Takes a job of a task that prefers this loop. For the Swift runtime.
    public func enqueue(_ job: consuming ExecutorJob) { core.enqueue(UnownedJob(job)) }

    /// Whether the caller runs on the loop's thread.
    public var isCurrent: Bool { core.isCurrent }

    /// Lets the loop look at its descriptors, for a task on it that always has more to do. `Task.yield` lets other tasks go
    /// first, but not those for which something has come that the loop does not know of yet.
    package nonisolated(nonsending) func giveWay() async {
        if isCurrent { await unsafe withUnsafeContinuation { unsafe core.yield($0) } }
    }
}
