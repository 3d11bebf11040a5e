internal import CMinato
internal import Glibc
internal import Synchronization

// The one loop of try, wait, and try again, through which all reading and writing goes.

extension Channel {
    /// Takes a direction and makes a call until it does not have to wait.
    ///
    /// On return the caller has the direction and gives it back with `finish`. After an error it does not have it.
    ///
    /// - Parameters:
    ///   - standard: the timeout in nanoseconds, negative for none, if neither of the two before it is given.
    ///   - attempt: makes the call, which returns `-EAGAIN` when it would have to wait; it is made again after `-EINTR`.
    @inline(__always)
    nonisolated(nonsending) func perform(
        _ direction: Direction, _ timeout: Duration?, _ deadline: Deadline, _ standard: borrowing Atomic<Int64>,
        _ attempt: (Int32) -> Int64
    ) async throws(SocketError) -> Int64 {
        let isReady = try await take(direction)
        var limit: Deadline?
        return try await proceed(direction, isReady, &limit, timeout, deadline, standard, attempt)
    }

    /// Takes a direction, for an operation of one step or more. False: wait before the first try.
    @inline(__always)
    nonisolated(nonsending) func take(_ direction: Direction) async throws(SocketError) -> Bool {
        let isReady = try begin(direction)
        if hasHadItsShare(direction) { try await giveWay(direction) }
        return isReady
    }

    /// One step: makes a call until it does not have to wait. The caller has the direction, after an error no more.
    ///
    /// It is made part of its callers before anything is optimised: the compiler would sometimes make a function of it that waits
    /// by itself, which is 300 instructions for each message with a timeout.
    ///
    /// - Parameters:
    ///   - isReady: whether to try before waiting.
    ///   - limit: the deadline of the whole operation, which begins with its first wait.
    @_transparent
    nonisolated(nonsending) func proceed(
        _ direction: Direction, _ isReady: Bool, _ limit: inout Deadline?, _ timeout: Duration?, _ deadline: Deadline,
        _ standard: borrowing Atomic<Int64>, _ attempt: (Int32) -> Int64
    ) async throws(SocketError) -> Int64 {
        var isReady = isReady
        // What has come before the loop has reported it is there all the same, however short the time was.
        var isUntried = !isReady && limit == nil
        while true {
            if !isReady {
                let until = limit ?? firstLimit(direction, self.deadline(timeout, deadline, standard))
                limit = until
                let wake = await wait(direction, until: until)
                guard wake == .ready || wake == .timedOut && isUntried else { throw end(direction, wake) }
            }
            isUntried = false
            let result = attempt(descriptor)
            isReady = result == -Int64(EINTR)
            if result == -Int64(EAGAIN) || isReady { continue }
            guard result >= 0 else { throw end(direction, result) }
            // The first byte has come, without a wait perhaps.
            if direction == .reading { unsafe firstReadTimeout = -1 }
            return result
        }
    }

    /// The earlier of a deadline and a timeout that begins now; the standard timeout when neither was given.
    @inline(__always)
    func deadline(
        _ timeout: Duration?, _ deadline: Deadline, _ standard: borrowing Atomic<Int64>
    ) -> Deadline {
        self.deadline(timeout, deadline, standard, isOnLoop: isOnLoop)
    }

    /// The same for who knows already whether this is the loop's thread.
    @inline(__always)
    func deadline(
        _ timeout: Duration?, _ deadline: Deadline, _ standard: borrowing Atomic<Int64>, isOnLoop: Bool
    ) -> Deadline {
        if timeout == nil, deadline == .none {
            let nanoseconds = standard.load(ordering: .relaxed)
            if nanoseconds < 0 { return .none }
            // Long enough not to look at the clock once more for it.
            if nanoseconds >= LoopCore.roughly, isOnLoop {
                return unsafe core._withUnsafeGuaranteedRef { $0.rough(nanoseconds) }
            }
        }
        return Deadline(timeout, deadline, standard: standard)
    }

    /// The limit of a wait: a tighter one for the first wait of a server's connection.
    @inline(__always)
    func firstLimit(_ direction: Direction, _ deadline: Deadline) -> Deadline {
        // Whoever has the direction may look at it, and nobody who writes.
        guard direction == .reading, unsafe firstReadTimeout >= 0 else { return deadline }
        defer { unsafe firstReadTimeout = -1 }
        return unsafe min(deadline, .after(nanoseconds: firstReadTimeout))
    }

    /// Until when a read that begins now may last as a whole; nil when there is no tighter limit for its first wait.
    @inline(never)
    func limitBehindFirst(
        _ timeout: Duration?, _ deadline: Deadline, _ standard: borrowing Atomic<Int64>
    ) -> Deadline? {
        unsafe firstReadTimeout >= 0 ? self.deadline(timeout, deadline, standard) : nil
    }

    /// A task whose socket is always ready would keep its loop, and never hear that it was cancelled.
    @inline(never)
    nonisolated(nonsending) func giveWay(_ direction: Direction) async throws(SocketError) {
        if isOnLoop { unsafe hadItsShare = true }
        await loop.goBehind()
        if Task.isCancelled { throw end(direction, .cancelled) }
    }

    // What follows is kept out of the functions that wait: its variables would be part of every task's memory.

    /// Ends an operation whose wait did not end well, and says how.
    @inline(never)
    func end(_ direction: Direction, _ wake: Wake) -> SocketError {
        let code: SocketError.Code =
            switch wake {
            case .cancelled: .cancelled
            case .timedOut: .timedOut
            case .closed, .ready, .foreign: codeOfClosed
            }
        let error = failure(direction, code)
        if code == .timedOut, direction == .writing { update { $0.putGap() } }
        // Nothing is known to have changed: the readiness, if there was one, is still there.
        finish(direction, isReady: true)
        return error
    }

    /// Ends an operation that the kernel refused.
    @inline(never)
    func end(_ direction: Direction, _ result: Int64) -> SocketError {
        let error = failure(direction, .init(result: result))
        finish(direction, isReady: true)
        return error
    }

    // MARK: - Errors

    /// Why a closed channel was closed: in a forked child, because its loop is not there.
    var codeOfClosed: SocketError.Code { loop.core.isForked ? .forked : .closed }

    @inline(never)
    func failure(_ direction: Direction, _ code: SocketError.Code, subject: String? = nil) -> SocketError {
        failure(direction == .reading ? .receive : .send, code, subject: subject)
    }

    /// The error of an operation, with the addresses if the descriptor still has them.
    @inline(never)
    func failure(
        _ operation: SocketError.Operation, _ code: SocketError.Code, remote: SocketAddress? = nil,
        subject: String? = nil
    ) -> SocketError {
        var local = SocketAddress()
        var peer = SocketAddress()
        let hasAddresses = withDescriptor { descriptor in
            (
                unsafe minato_socket_local_address(descriptor, &local.storage) == 0,
                unsafe minato_socket_peer_address(descriptor, &peer.storage) == 0
            )
        }
        return SocketError(
            operation, code, network: Socket.networkName(family, kind), local: hasAddresses?.0 == true ? local : nil,
            remote: remote ?? (hasAddresses?.1 == true ? peer : nil), subject: subject)
    }
}

extension Deadline {
    /// The earlier of a deadline and a timeout that begins now; the standard timeout, in nanoseconds, when neither was given.
    @inline(__always)
    init(_ timeout: Duration?, _ deadline: Deadline, standard: borrowing Atomic<Int64>) {
        if timeout == nil, deadline == .none {
            let nanoseconds = standard.load(ordering: .relaxed)
            self = nanoseconds < 0 ? .none : .after(nanoseconds: nanoseconds)
        } else {
            self = min(deadline, .after(timeout.map { max($0, .nanoseconds(1)) }))
        }
    }
}
