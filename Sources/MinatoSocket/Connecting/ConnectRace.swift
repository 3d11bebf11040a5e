internal import CMinato

/// Connects to the first of several addresses that answers, as ``ConnectSchedule`` says, on the caller's thread.
struct ConnectRace {
    private let source: SocketAddress?
    private let deadline: Deadline
    private var schedule: ConnectSchedule
    private var attempts: [ConnectAttempt] = []

    init(endpoint: Endpoint, answers: [Resolver.Answer], source: SocketAddress?, deadline: Deadline) {
        self.source = source
        self.deadline = deadline
        schedule = ConnectSchedule(endpoint: endpoint, source: source)
        schedule.found(answers)
    }

    /// Runs the race to its end. The winner is owned by the caller; no other descriptor is left open.
    mutating func run() throws(SocketError) -> Socket {
        defer {
            for attempt in attempts { attempt.close() }
        }
        while true {
            switch schedule.next(at: minato_clock_now()) {
            case .start(let number, let answer):
                switch ConnectAttempt.open(number, answer, from: source) {
                case .success(let attempt): if let winner = judge(attempt, attempt.start()) { return winner.socket() }
                case .failure(let failure): schedule.lost(number, failure.code)
                }
            case .wait(let until): if let winner = try wait(until: until) { return winner.socket() }
            case .fail(let error): throw error
            }
        }
    }

    /// The attempt if it stands; keeps it if it is under way; closes it otherwise.
    private mutating func judge(_ attempt: ConnectAttempt, _ progress: ConnectAttempt.Progress) -> ConnectAttempt? {
        switch progress {
        case .stands: return attempt
        case .underWay: attempts.append(attempt)
        case .noRoom: lose(attempt, .wouldBlock)
        case .failed(let code): lose(attempt, code)
        }
        return nil
    }

    private mutating func lose(_ attempt: ConnectAttempt, _ code: SocketError.Code) {
        attempt.close()
        schedule.lost(attempt.number, code)
    }

    /// Waits until an attempt is decided or a time has come; returns a winner.
    private mutating func wait(until time: Int64) throws(SocketError) -> ConnectAttempt? {
        var entries = attempts.map {
            minato_poll_entry(descriptor: $0.descriptor, interest: UInt32(MINATO_WRITABLE), ready: 0)
        }
        let until = min(deadline.nanoseconds, time)
        let count = uninterrupted { unsafe minato_poll(&entries, entries.count, until) }
        guard count >= 0 else { throw schedule.failure(.init(result: count)) }
        if count == 0 {
            guard until == deadline.nanoseconds else { return nil }
            throw schedule.failure(deadline == .atOnce ? .wouldBlock : .timedOut)
        }
        for entry in entries where entry.ready != 0 {
            guard let index = attempts.firstIndex(where: { $0.descriptor == entry.descriptor }) else { continue }
            let attempt = attempts.remove(at: index)
            if let winner = judge(attempt, attempt.look()) { return winner }
        }
        return nil
    }
}
