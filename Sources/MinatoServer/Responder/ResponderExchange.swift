internal import CMinato
internal import Glibc
internal import MinatoSocket

/// One connection's dialogue with a responder: what was received and not consumed, what could not be sent, and the rules of
/// reading, answering and sending. It knows a descriptor, but no loop and no timer.
struct ResponderExchange: ~Copyable {
    /// What happens next.
    enum Outcome {
        /// Nothing, until the descriptor is ready again.
        case wait
        /// The same: something was received, and answered, and the client has taken the answer.
        case answered
        /// There is more to do: `goOn`.
        case unfinished
        /// More of the same, after others have had their turn.
        case again
        /// The connection is closed; `failure` says what went wrong, if anything did.
        case close
    }

    /// Reads in a row before the others get their turn.
    private static let readsInARow = 16
    /// Bytes sent in a row, 1 MiB: a client that takes them as fast as they come would keep the loop for the whole.
    private static let piece = 1 << 20

    // What is the case, a bit for each. Five are the flags of ready.h as they come.

    /// Reading is worth a try.
    private static let readable = UInt32(MINATO_READABLE)
    /// The peer has ended or broken its stream: a short read does not mean that nothing more is to be learnt.
    private static let ended = UInt32(MINATO_READ_CLOSED | MINATO_HANGUP | MINATO_ERROR)
    /// A short read does not mean that nothing more is there, of which no event would tell: a read ends at the mark of urgent data, and
    /// on a Unix socket behind bytes that descriptors came with. See tcp(7), unix(7).
    private static let unsure = UInt32(MINATO_PRIORITY)
    /// To be closed when the output has been sent.
    private static let closing: UInt32 = 1 << 8
    /// So much was answered at once that the rest of the input has not been offered to the responder yet.
    private static let full: UInt32 = 1 << 9
    /// There is input that was not consumed.
    private static let kept: UInt32 = 1 << 10
    /// The client has not taken all that it was sent.
    private static let blocked: UInt32 = 1 << 11
    /// The responder has ended the connection: what still comes is dropped.
    private static let lingering: UInt32 = 1 << 12
    /// Whoever has the connection looks at it each time.
    private static let watched: UInt32 = 1 << 13
    /// Something was received.
    private static let spokenTo: UInt32 = 1 << 14
    /// Something was sent.
    private static let answered: UInt32 = 1 << 15
    /// Something was received, or sent, since `takeMove`; after `.answered` it is not noted.
    private static let moved: UInt32 = 1 << 16

    /// All but three of them: what is to be done, or looked at, besides waiting for input.
    private static let work = readable | ended | closing | full | kept | blocked | lingering | watched | unsure

    @inline(__always)
    private func has(_ bits: UInt32) -> Bool { state & bits != 0 }

    let descriptor: Int32
    private var state: UInt32
    private let inputLimit: Int
    private let outputLimit: Int
    private var responder: AnyStreamResponder

    /// What was received and not consumed, if anything.
    private var input: [UInt8] = []
    /// What the client has not taken yet, if anything, from `sent` on.
    private var unsent: [UInt8] = []
    private var sent = 0

    /// What went wrong.
    var failure: (any Error)?

    init(
        _ descriptor: Int32, _ responder: consuming AnyStreamResponder, _ limits: ServerLimits, isWatched: Bool,
        isUnix: Bool
    ) {
        self.descriptor = descriptor
        state = (isWatched ? Self.watched : 0) | (isUnix ? Self.unsure : 0)
        self.responder = responder
        inputLimit = limits.inputLimit
        outputLimit = limits.outputLimit
    }

    /// Nothing was received yet.
    var isFresh: Bool { !has(Self.spokenTo) }

    /// Whether the client has not taken all that it was sent.
    var isBlocked: Bool { has(Self.blocked) }

    /// The responder has ended the connection: what still comes is dropped.
    var isLingering: Bool { has(Self.lingering) }

    /// Whether it has been answered and nothing of another request has come: a drain may close it.
    var isAtRest: Bool { !has(Self.kept | Self.blocked | Self.lingering) && !isFresh }

    /// Whether something was received or sent since this was asked before.
    mutating func takeMove() -> Bool {
        let hasMoved = has(Self.moved)
        state &= ~Self.moved
        return hasMoved
    }

    /// From now on nothing is `.answered` without being looked at.
    mutating func watch() { state |= Self.watched }

    /// The descriptor is ready. Does what there is to do by rule, in few instructions: what has come is received at once,
    /// consumed as a whole, and answered. In every other case it is `.unfinished`.
    ///
    /// - Parameters:
    ///   - flags: what it is ready for; see `ready.h`.
    ///   - respond: the responder's; a parameter, as a function that a variable holds is retained for each call.
    ///   - output: empty; to receive into, and for the answers, which are sent or kept before this returns.
    @inline(__always)
    mutating func begin(
        _ flags: UInt32, _ respond: ResponderKind.Respond, _ output: inout ResponderOutput
    ) -> Outcome {
        let news = flags & (Self.readable | Self.ended | Self.unsure)
        // There is something to read, and nothing else to do before or after.
        guard !has(Self.work), news == Self.readable else {
            state |= news & Self.ended == 0 ? news : news | Self.readable
            return .unfinished
        }
        if let outcome = unsafe receive(respond, Self.spokenTo, &output) { return outcome }
        if !output.isEmpty, let outcome = send(&output) { return outcome }
        // The rest of an answer may have been taken meanwhile, which is to be noted now, and not when time is over.
        guard has(Self.work | Self.moved) else { return .answered }
        state |= Self.moved
        return .unfinished
    }

    /// Sends what waits, then reads and answers until there is nothing more to do. See `begin`.
    @inline(never)
    mutating func goOn(_ output: inout ResponderOutput) -> Outcome {
        if has(Self.blocked), let outcome = flush() { return outcome }
        var left = Self.readsInARow
        while !has(Self.closing) {
            guard has(Self.readable | Self.full) else { return .wait }
            if left == 0 { return .again }
            left &-= 1
            if let outcome = has(Self.full) ? answerInput(&output) : read(&output) { return outcome }
            if !output.isEmpty, let outcome = send(&output) { return outcome }
        }
        return close(&output)
    }

    // MARK: - Receiving

    private mutating func read(_ output: inout ResponderOutput) -> Outcome? {
        state &= ~Self.readable
        return unsafe receive(responder.kind.respond, Self.spokenTo | Self.moved, &output)
    }

    /// Receives and answers. Nil when it is to go on; it is readable then if there may be more. `noted` is what is the case
    /// when something has come.
    @inline(__always)
    private mutating func receive(
        _ respond: ResponderKind.Respond, _ noted: UInt32, _ output: inout ResponderOutput
    ) -> Outcome? {
        let before = state
        let count = unsafe minato_socket_receive_once(descriptor, output.input, ResponderOutput.inputSize)
        guard count > 0 else { return stopReading(count, &output) }
        state = before | noted
        if count == ResponderOutput.inputSize || before & (Self.ended | Self.unsure) != 0 { state |= Self.readable }
        let bytes = unsafe UnsafeRawBufferPointer(start: output.input, count: Int(count))
        return unsafe answer(respond, bytes, &output)
    }

    /// A receive that brought nothing: nil when that is no reason to stop.
    @inline(never)
    private mutating func stopReading(_ count: Int64, _ output: inout ResponderOutput) -> Outcome? {
        if count == -Int64(EINTR) {
            state |= Self.readable
            return nil
        }
        if count == -Int64(EAGAIN) { return .wait }
        guard count == 0 else { return fail(SocketError(.receive, .init(result: count)), &output) }
        state |= Self.closing | Self.ended
        state &= ~Self.kept
        let rest = input
        input = []
        do { try responder.end(rest: rest.span, output: &output) } catch { return fail(error, &output) }
        return nil
    }

    /// Gives the connection up.
    @inline(never)
    private mutating func fail(_ error: any Error, _ output: inout ResponderOutput) -> Outcome {
        output.removeAll()
        failure = error
        return .close
    }

    @inline(__always)
    private mutating func answer(
        _ respond: ResponderKind.Respond, _ bytes: UnsafeRawBufferPointer, _ output: inout ResponderOutput
    ) -> Outcome? {
        if has(Self.kept) {
            unsafe input.append(contentsOf: bytes)
            return answerInput(&output)
        }
        do {
            let span = unsafe bytes.assumingMemoryBound(to: UInt8.self).span
            let verdict = unsafe try respond(responder.place, span, &output)
            if case .goOn(let consumed) = verdict { if consumed == bytes.count { return nil } }
            let consumed = try consume(span, verdict, &output)
            if consumed < bytes.count { unsafe try keep(bytes, from: consumed) }
            return nil
        } catch {
            return fail(error, &output)
        }
    }

    @inline(never)
    private mutating func keep(_ bytes: UnsafeRawBufferPointer, from place: Int) throws {
        state |= Self.kept
        unsafe input.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[place...]))
        try checkInput()
    }

    /// Answers what was received before.
    @inline(never)
    private mutating func answerInput(_ output: inout ResponderOutput) -> Outcome? {
        state &= ~(Self.full | Self.kept)
        state |= Self.moved
        // Taken out meanwhile, so that the responder can be given it in place.
        var kept: [UInt8] = []
        swap(&kept, &input)
        do {
            let verdict = try responder.respond(to: kept.span, output: &output)
            let consumed = try consume(kept.span, verdict, &output)
            if consumed == kept.count { return nil }
            if consumed > 0 { kept.removeFirst(consumed) }
            swap(&kept, &input)
            state |= Self.kept
            try checkInput()
            return nil
        } catch {
            return fail(error, &output)
        }
    }

    private func checkInput() throws {
        guard input.count > inputLimit, !has(Self.full) else { return }
        throw SocketError(.receive, .limitExceeded, subject: "input limit \(inputLimit)")
    }

    /// Calls the responder, which has been called once, until it consumes nothing more, or has answered more than may be kept.
    @inline(never)
    private mutating func consume(
        _ bytes: Span<UInt8>, _ first: ResponderVerdict, _ output: inout ResponderOutput
    ) throws -> Int {
        var verdict = first
        var consumed = 0
        while case .goOn(let step) = verdict {
            let left = bytes.count - consumed
            if step < 0 || step > left {
                throw SocketError(.receive, .invalidArgument, subject: "consumed \(step) of \(left) bytes")
            }
            consumed += step
            if step == 0 || step == left { return consumed }
            if output.count >= outputLimit {
                state |= Self.full
                return consumed
            }
            verdict = try responder.respond(to: bytes.extracting(consumed...), output: &output)
        }
        state |= Self.closing
        return bytes.count
    }

    // MARK: - Closing

    /// Everything has been sent. A client that may still be sending is let finish: closing would make the kernel reset the
    /// connection with the next byte that comes, and the client might not have received the answer yet. See RFC 1122, 4.2.2.13.
    @inline(never)
    private mutating func close(_ output: inout ResponderOutput) -> Outcome {
        if has(Self.ended) && !has(Self.readable) || !has(Self.answered) { return .close }
        if !isLingering {
            state |= Self.lingering
            minato_socket_shutdown(descriptor, Int32(SHUT_WR))
        }
        for _ in 0..<Self.readsInARow {
            let count = unsafe minato_socket_receive_once(descriptor, output.input, ResponderOutput.inputSize)
            if count == -Int64(EINTR) { continue }
            if count == -Int64(EAGAIN) { return .wait }
            guard count > 0 else { return .close }
        }
        return .again
    }

    // MARK: - Sending

    /// Sends the answer: nil when the client has taken all of it. What it does not take is kept.
    @inline(__always)
    private mutating func send(_ output: inout ResponderOutput) -> Outcome? {
        state |= Self.answered
        let descriptor = descriptor
        let result = unsafe output.withBytes { unsafe minato_socket_send_once(descriptor, $0, min($1, Self.piece)) }
        guard result == Int64(output.count) else { return keepUnsent(result, &output) }
        output.removeAll()
        return nil
    }

    @inline(never)
    private mutating func keepUnsent(_ result: Int64, _ output: inout ResponderOutput) -> Outcome? {
        guard result >= 0 || result == -Int64(EAGAIN) || result == -Int64(EINTR) else {
            return fail(SocketError(.send, .init(result: result)), &output)
        }
        let taken = max(Int(result), 0)
        unsafe output.withBytes { (bytes, count) in
            unsafe unsent.append(contentsOf: UnsafeRawBufferPointer(start: bytes + taken, count: count - taken))
        }
        output.removeAll()
        state |= Self.blocked | Self.moved
        // Only trying tells that there is no room: after a hang-up, or an interruption, no edge would come.
        return flush()
    }

    /// Sends what waits, its share of it: nil when nothing is left.
    @inline(never)
    private mutating func flush() -> Outcome? {
        let end = min(unsent.count, sent + Self.piece)
        while sent < end {
            let descriptor = descriptor
            let sent = sent
            let result = unsafe unsent.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return Int64(0) }
                return unsafe minato_socket_send_once(descriptor, base + sent, end - sent)
            }
            if result == -Int64(EAGAIN) { return .wait }
            if result == -Int64(EINTR) { continue }
            guard result >= 0 else {
                failure = SocketError(.send, .init(result: result))
                return .close
            }
            self.sent += Int(result)
            state |= Self.moved
        }
        if end < unsent.count { return .again }
        state &= ~Self.blocked
        unsent = []
        sent = 0
        return nil
    }
}
