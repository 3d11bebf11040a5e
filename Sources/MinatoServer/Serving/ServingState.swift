internal import CMinato
internal import Glibc
internal import MinatoSocket

/// All that a server's threads share, changed under one lock: the phase, the threads, the work in flight.
///
///     ready ──begin──▶ serving ──stop──▶ stopping ──ended──▶ closed
///       └───────────────stop──────────────────────────────────▲
struct ServingState {
    enum Phase {
        /// Bound, nobody serves.
        case ready
        /// `serveBlocking` is under way.
        case serving
        /// It has been told to return.
        case stopping
        /// For good.
        case closed
    }

    /// Something that a handler works at.
    private struct Work {
        /// The connection's descriptor, nil for a datagram. Its owner removes the entry before it closes the descriptor,
        /// under the same lock under which it is shut down here: so the number is never another socket's.
        let descriptor: Int32?
        /// The thread of the handler, nil before it begins.
        var thread: pthread_t?
        /// Shut down by this server.
        var isEnded = false
    }

    private(set) var phase = Phase.ready
    private(set) var listener: Listener?
    /// There while somebody serves.
    private(set) var watch: ListenerWatch?
    /// The thread that takes connections or datagrams, while it may have one in its hands that is not entered yet.
    private var taker: pthread_t?

    private var idle: [Worker] = []
    private(set) var threads = 0
    /// The most threads that there were at one time.
    private(set) var peakThreads = 0
    /// How many jobs are done: after each, descriptors are free again.
    private(set) var jobsDone: UInt64 = 0

    private var work: [UInt64: Work] = [:]
    private var nextWork: UInt64 = 0
    /// Connections that are admitted from now on are ended at once.
    private var endsWork = false
    private(set) var finished = 0
    private(set) var ended = 0

    init(_ listener: Listener) { self.listener = listener }
}

// MARK: - Phases

extension ServingState {
    /// ready → serving. From the same moment on the watch can be woken, so that no stop goes unheard. The error says why not.
    mutating func begin(with watch: ListenerWatch, on thread: pthread_t) throws(SocketError) {
        switch phase {
        case .ready: break
        case .serving: throw SocketError(.serve, .init(EALREADY), subject: "serveBlocking")
        case .stopping, .closed: throw SocketError(.serve, .closed)
        }
        phase = .serving
        self.watch = watch
        taker = thread
    }

    /// serving → ready: it failed before anything was served. After a stop: closed.
    mutating func abandon() -> Listener? {
        watch = nil
        taker = nil
        guard phase == .serving else { return close() }
        phase = .ready
        return nil
    }

    /// Nothing more is to be taken. The caller drops what is returned outside the lock.
    mutating func stop() -> Listener? {
        switch phase {
        case .ready: return close()
        case .serving: phase = .stopping
        case .stopping, .closed: break
        }
        return nil
    }

    /// The end of taking connections: gives up the listener.
    mutating func stopTaking() -> Listener? {
        taker = nil
        return listener.take()
    }

    /// stopping → closed.
    mutating func close() -> Listener? {
        phase = .closed
        watch = nil
        taker = nil
        return listener.take()
    }
}

// MARK: - Threads

extension ServingState {
    enum Choice {
        case worker(Worker)
        /// None is idle, but one more may be started; it is counted already.
        case start
        case stop
    }

    /// A worker for the next job; nil: wait until one is idle.
    mutating func choose(limit: Int) -> Choice? {
        guard phase == .serving else { return .stop }
        if let worker = idle.popLast() { return .worker(worker) }
        guard threads < limit else { return nil }
        threads += 1
        peakThreads = max(peakThreads, threads)
        return .start
    }

    /// A thread ended, or could not be started.
    mutating func left() { threads -= 1 }

    /// A worker that was chosen was not needed.
    mutating func putBack(_ worker: Worker) { idle.append(worker) }

    /// A worker has done its job; false when it shall end.
    mutating func rest(_ worker: Worker) -> Bool {
        jobsDone &+= 1
        guard phase == .serving else { return false }
        idle.append(worker)
        return true
    }

    /// The idle ones, to be ended. Those that work end when they are done.
    mutating func takeIdle() -> [Worker] {
        defer { idle = [] }
        return idle
    }
}

// MARK: - Work in flight

extension ServingState {
    var isBusy: Bool { !work.isEmpty }

    /// Whether other threads than this one have work, or may be about to enter some.
    func isBusy(besides thread: pthread_t) -> Bool {
        if let taker, pthread_equal(taker, thread) == 0 { return true }
        return work.values.contains { $0.thread != thread }
    }

    /// Adds work and returns its number; nil when it is to be dropped.
    mutating func admit(_ descriptor: Int32?) -> UInt64? {
        guard !endsWork else { return nil }
        nextWork += 1
        work[nextWork] = Work(descriptor: descriptor)
        return nextWork
    }

    /// The handler of the work begins, on this thread.
    mutating func began(_ number: UInt64, on thread: pthread_t) { work[number]?.thread = thread }

    /// The handler is done; from now on the descriptor is not touched here.
    mutating func dismiss(_ number: UInt64) {
        guard let entry = work.removeValue(forKey: number) else { return }
        if !entry.isEnded { finished += 1 }
    }

    /// Shuts down every connection in flight, so that the handlers that wait for them wake up.
    ///
    /// shutdown(2) does not block, so it may happen under the lock.
    mutating func endWork(besides thread: pthread_t? = nil) {
        endsWork = true
        for (number, entry) in work where !entry.isEnded && (thread == nil || entry.thread != thread) {
            if let descriptor = entry.descriptor { minato_socket_shutdown(descriptor, Int32(SHUT_RDWR)) }
            work[number]?.isEnded = true
            ended += 1
        }
    }
}
