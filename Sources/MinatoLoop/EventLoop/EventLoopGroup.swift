internal import CMinato
internal import Glibc

/// Several event loops, over which connections are spread.
///
/// Servers and connections use ``shared`` unless they are given another one. A group of one's own keeps work apart that
/// shall not be held up by the rest of the program, or gives a test loops that it can shut down:
///
///     let group = try EventLoopGroup(loops: 2)
///     let connection = try await Connection.connect(to: .tcp("localhost", 9999), loop: group.next())
///     ...
///     group.shutdown()
///
/// A connection stays on the loop that it was made on. Nothing moves to another loop later, and each loop has a thread.
///
/// **Threads.** May be used from every thread.
///
/// Python: one `asyncio` loop for each thread.
public final class EventLoopGroup: Sendable {
    /// The group that everything uses by default: a loop for each processor, each started when it is first needed. It lives
    /// as long as the process.
    public static let shared = EventLoopGroup(unstarted: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    fileprivate struct State {
        var loops: [EventLoop?]
        var next = 0
        var isShutDown = false
    }

    private let state: Guarded<State>

    /// How often the process had forked when the group was made.
    private let forks = minato_thread_forks()

    /// How many loops there are.
    public let count: Int

    private init(unstarted count: Int) {
        self.count = count
        state = Guarded(State(loops: Array(repeating: nil, count: count)))
    }

    /// Starts a group of one's own.
    ///
    /// - Parameters:
    ///   - count: how many loops: at least 1.
    ///   - backend: how they learn what is ready. Default: ``EventLoop/Backend/standard``.
    /// - Throws: `.invalidArgument` for a count below 1; what ``EventLoop/init(backend:)`` throws, after which none is left.
    public init(loops count: Int, backend: EventLoop.Backend = .standard) throws(SocketError) {
        guard count >= 1 else { throw SocketError(.open, .invalidArgument, subject: "group of \(count) event loops") }
        var loops: [EventLoop?] = []
        for _ in 0..<count { loops.append(try EventLoop(backend: backend)) }
        self.count = count
        state = Guarded(State(loops: loops))
    }

    /// A loop for something new: the one that the caller runs on, if it is one of these, otherwise one after the other.
    ///
    /// - Throws: what ``EventLoop/init(backend:)`` throws when a loop of the shared group has to be started; `.closed` after
    ///   ``shutdown()``; `.forked` in a process that was forked off the group's.
    public func next() throws(SocketError) -> EventLoop {
        try checkForks()
        return try state.withLock { (state) throws(SocketError) in
            for case let loop? in state.loops where loop.isCurrent { return loop }
            let place = state.next
            state.next = (place + 1) % count
            return try state.loop(place)
        }
    }

    /// All loops, every one of them started.
    ///
    /// - Throws: as ``next()``.
    public func all() throws(SocketError) -> [EventLoop] {
        try checkForks()
        return try state.withLock { (state) throws(SocketError) in
            var all: [EventLoop] = []
            for place in 0..<count { all.append(try state.loop(place)) }
            return all
        }
    }

    /// In a forked child the lock may be held for ever.
    private func checkForks() throws(SocketError) {
        guard minato_thread_forks() == forks else { throw SocketError(.open, .forked, subject: "event loop") }
    }

    /// Ends the loops, as ``EventLoop/shutdown()`` does. Returns at once; may be called any number of times.
    ///
    /// The shared group should be left alone: whatever uses it by default gets `.closed` from then on.
    public func shutdown() {
        let loops = state.withLock { state in
            state.isShutDown = true
            return state.loops
        }
        for loop in loops { loop?.shutdown() }
    }
}

extension EventLoopGroup.State {
    fileprivate mutating func loop(_ place: Int) throws(SocketError) -> EventLoop {
        if isShutDown { throw SocketError(.open, .closed, subject: "event loop") }
        if let loop = loops[place] { return loop }
        let loop = try EventLoop()
        loops[place] = loop
        return loop
    }
}
