internal import CMinato
internal import Glibc

/// Connects to the first of several addresses that answers, after RFC 8305 (Happy Eyeballs), on the caller's thread.
///
/// The attempts are staggered, not simultaneous: the next one starts when one has failed, or 250 ms after the last start.
/// Whichever stands first wins, and the rest are closed.
struct ConnectRace {
    /// "Connection Attempt Delay" of RFC 8305, section 5.
    private static let stagger: Int64 = 250_000_000

    /// An attempt under way. Owns its descriptor.
    private struct Attempt {
        let descriptor: Int32
        let answer: Resolver.Answer
    }

    private let endpoint: Endpoint
    private let source: SocketAddress?
    private let deadline: Deadline
    private var waiting: ArraySlice<Resolver.Answer>
    private var attempts: [Attempt] = []
    private var failures: [SocketError] = []
    private var nextStart = Deadline.atOnce

    init(endpoint: Endpoint, answers: [Resolver.Answer], source: SocketAddress?, deadline: Deadline) {
        self.endpoint = endpoint
        self.source = source
        self.deadline = deadline
        waiting = answers[...]
    }

    /// Runs the race to its end. The winner is owned by the caller; no other descriptor is left open.
    mutating func run() throws(SocketError) -> Socket {
        defer {
            for attempt in attempts { minato_socket_close(attempt.descriptor) }
        }
        while true {
            if let answer = waiting.first, attempts.isEmpty || nextStart.hasPassed {
                waiting.removeFirst()
                if let winner = start(answer) { return socket(winner) }
                continue
            }
            if attempts.isEmpty { throw failure(failures.first?.code ?? .unknownHost) }
            if let winner = try waitForOne() { return socket(winner) }
        }
    }

    /// Starts an attempt; returns it when it stands at once.
    private mutating func start(_ answer: Resolver.Answer) -> Attempt? {
        let kind = answer.kind.rawValue | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = minato_socket_open(answer.address.family.rawValue, kind, answer.protocolNumber)
        guard descriptor >= 0 else {
            failures.append(error(answer, descriptor))
            return nil
        }
        var result: Int32 = 0
        if let source { result = unsafe source.withPointer { unsafe minato_socket_bind(descriptor, $0) } }
        if result >= 0 {
            result = unsafe answer.address.withPointer { unsafe minato_socket_start_connect(descriptor, $0) }
        }
        let attempt = Attempt(descriptor: descriptor, answer: answer)
        if result == 0 { return attempt }
        if result < 0 {
            lose(attempt, result)
        } else {
            attempts.append(attempt)
            nextStart = .after(nanoseconds: Self.stagger)
        }
        return nil
    }

    /// Waits until an attempt is decided or the next may start; returns a winner.
    private mutating func waitForOne() throws(SocketError) -> Attempt? {
        var entries = attempts.map {
            minato_poll_entry(descriptor: $0.descriptor, interest: UInt32(MINATO_WRITABLE), ready: 0)
        }
        let until = waiting.isEmpty ? deadline : min(deadline, nextStart)
        let count = uninterrupted { unsafe minato_poll(&entries, entries.count, until.nanoseconds) }
        guard count >= 0 else { throw failure(.init(result: count)) }
        if count == 0 {
            guard until == deadline else { return nil }
            throw failure(deadline == .atOnce ? .wouldBlock : .timedOut)
        }
        for entry in entries where entry.ready != 0 {
            guard let index = attempts.firstIndex(where: { $0.descriptor == entry.descriptor }) else { continue }
            let attempt = attempts.remove(at: index)
            let result = minato_socket_finish_connect(attempt.descriptor, Deadline.atOnce.nanoseconds)
            if result >= 0, !isConnectedToItself(attempt) { return attempt }
            lose(attempt, result < 0 ? result : -ECONNREFUSED)
            nextStart = .atOnce
        }
        return nil
    }

    /// Whether the kernel chose the port that was to be connected to as the local one, and the socket met itself
    /// (RFC 9293, simultaneous open): nobody listens there.
    private func isConnectedToItself(_ attempt: Attempt) -> Bool {
        guard attempt.answer.kind == .stream else { return false }
        var local = SocketAddress()
        return unsafe minato_socket_local_address(attempt.descriptor, &local.storage) == 0
            && local == attempt.answer.address
    }

    private mutating func lose(_ attempt: Attempt, _ result: Int32) {
        minato_socket_close(attempt.descriptor)
        failures.append(error(attempt.answer, result))
    }

    private func socket(_ attempt: Attempt) -> Socket {
        Socket(
            owning: attempt.descriptor, family: attempt.answer.address.family, kind: attempt.answer.kind,
            protocolNumber: attempt.answer.protocolNumber)
    }

    private func error(_ answer: Resolver.Answer, _ result: Int32) -> SocketError {
        SocketError(
            .connect, .init(result: result), network: endpoint.kind == .stream ? "tcp" : "udp", local: source,
            remote: answer.address)
    }

    /// The error of the whole race. A single attempt's error stands for itself.
    private func failure(_ code: SocketError.Code) -> SocketError {
        let pending = attempts.map { error($0.answer, -ETIMEDOUT) }
        let all = failures + (code == .timedOut || code == .wouldBlock ? pending : [])
        if all.count == 1, let only = all.first, only.code == code { return only }
        return SocketError(
            .connect, code, local: source, subject: endpoint.description, attempts: all)
    }
}
