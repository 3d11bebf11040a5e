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
        /// More of the same, after others have had their turn.
        case again
        /// The connection is closed; `failure` says what went wrong, if anything did.
        case close
    }

    /// Reads in a row before the others get their turn.
    private static let readsInARow = 16

    let descriptor: Int32
    private let inputLimit: Int
    private let outputLimit: Int
    private var responder: any StreamResponder

    /// Reading is worth a try.
    private var isReadable = false
    /// The peer has ended or broken its stream: a short read does not mean that nothing more is to be learnt.
    private var hasEnded = false
    /// To be closed when the output has been sent.
    private var isClosing = false
    /// So much was answered at once that the rest of the input has not been offered to the responder yet.
    private var isFull = false
    /// Nothing was received yet.
    private(set) var isFresh = true
    /// Something was sent.
    private var hasSent = false
    /// The responder has ended the connection: what still comes is dropped.
    private(set) var isLingering = false

    /// What was received and not consumed, if anything.
    private var input: [UInt8] = []
    /// What the client has not taken yet, if anything, from `sent` on.
    private var unsent: [UInt8] = []
    private var sent = 0

    /// What went wrong.
    var failure: (any Error)?

    /// Something was received, or sent, since this was set to false.
    var hasMoved = false
    /// When the connection is given up, and when its timer runs out.
    var deadline = Int64.max
    var timer = Int64.max

    init(_ descriptor: Int32, _ responder: any StreamResponder, _ limits: ServerLimits) {
        self.descriptor = descriptor
        self.responder = responder
        inputLimit = limits.inputLimit
        outputLimit = limits.outputLimit
    }

    /// Whether the client has not taken all that it was sent.
    var isBlocked: Bool { sent < unsent.count }

    /// Whether it has been answered and nothing of another request has come: a drain may close it.
    var isAtRest: Bool { !isBlocked && !isFresh && !isLingering && input.isEmpty }

    /// The descriptor is ready for something: see `ready.h`.
    mutating func note(_ flags: UInt32) {
        if flags & UInt32(MINATO_READ_CLOSED | MINATO_HANGUP | MINATO_ERROR) != 0 {
            hasEnded = true
            isReadable = true
        } else if flags & UInt32(MINATO_READABLE) != 0 {
            isReadable = true
        }
    }

    /// Sends what waits, then reads and answers until there is nothing more to do.
    ///
    /// - Parameters:
    ///   - memory: to receive into, `size` bytes.
    ///   - output: empty; for the answers, which are sent or kept before this returns.
    @inline(__always)
    mutating func goOn(_ memory: UnsafeMutableRawPointer, _ size: Int, _ output: inout ResponderOutput) -> Outcome {
        if isBlocked, let outcome = flush() { return outcome }
        if isClosing { return unsafe close(memory, size) }
        var reads = 0
        while isReadable || isFull {
            if reads == Self.readsInARow { return .again }
            reads &+= 1
            if isFull {
                if let outcome = answerInput(&output) { return outcome }
            } else {
                let count = unsafe minato_socket_receive_once(descriptor, memory, size)
                if count > 0 {
                    if count < size, !hasEnded { isReadable = false }
                    hasMoved = true
                    isFresh = false
                    let bytes = unsafe UnsafeBufferPointer(
                        start: UnsafePointer(memory.assumingMemoryBound(to: UInt8.self)), count: Int(count))
                    if let outcome = unsafe answer(bytes, &output) { return outcome }
                } else if let outcome = stopReading(count, &output) {
                    return outcome
                }
            }
            if !output.isEmpty, let outcome = send(&output) { return outcome }
            if isClosing { return unsafe close(memory, size) }
        }
        return .wait
    }

    // MARK: - Receiving

    /// A receive that brought nothing: nil when that is no reason to stop.
    @inline(never)
    private mutating func stopReading(_ count: Int64, _ output: inout ResponderOutput) -> Outcome? {
        if count == -Int64(EINTR) { return nil }
        isReadable = false
        if count == -Int64(EAGAIN) { return .wait }
        guard count == 0 else { return fail(SocketError(.receive, .init(result: count)), &output) }
        isClosing = true
        hasEnded = true
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
        _ bytes: UnsafeBufferPointer<UInt8>, _ output: inout ResponderOutput
    ) -> Outcome? {
        guard input.isEmpty else {
            unsafe input.append(contentsOf: bytes)
            return answerInput(&output)
        }
        do {
            let consumed = unsafe try consume(bytes.span, &output)
            if consumed < bytes.count { unsafe try keep(bytes, from: consumed) }
            return nil
        } catch {
            return fail(error, &output)
        }
    }

    @inline(never)
    private mutating func keep(_ bytes: UnsafeBufferPointer<UInt8>, from place: Int) throws {
        unsafe input.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[place...]))
        try checkInput()
    }

    /// Answers what was received before.
    @inline(never)
    private mutating func answerInput(_ output: inout ResponderOutput) -> Outcome? {
        isFull = false
        hasMoved = true
        // Taken out meanwhile, so that the responder can be given it in place.
        var kept: [UInt8] = []
        swap(&kept, &input)
        do {
            let consumed = try consume(kept.span, &output)
            if consumed == kept.count { return nil }
            if consumed > 0 { kept.removeFirst(consumed) }
            swap(&kept, &input)
            try checkInput()
            return nil
        } catch {
            return fail(error, &output)
        }
    }

    private func checkInput() throws {
        guard input.count > inputLimit, !isFull else { return }
        throw SocketError(.receive, .limitExceeded, subject: "input limit \(inputLimit)")
    }

    /// Calls the responder until it consumes nothing more, or has answered more than may be kept.
    @inline(__always)
    private mutating func consume(_ bytes: Span<UInt8>, _ output: inout ResponderOutput) throws -> Int {
        var consumed = 0
        while consumed < bytes.count {
            if output.count >= outputLimit {
                isFull = true
                break
            }
            let rest = consumed == 0 ? bytes : bytes.extracting(consumed...)
            guard case .goOn(let step) = try responder.respond(to: rest, output: &output) else {
                isClosing = true
                return bytes.count
            }
            if step == 0 { break }
            if step < 0 || step > rest.count {
                throw SocketError(.receive, .invalidArgument, subject: "consumed \(step) of \(rest.count) bytes")
            }
            consumed &+= step
        }
        return consumed
    }

    // MARK: - Closing

    /// Everything has been sent. A client that may still be sending is let finish: closing would make the kernel reset the
    /// connection with the next byte that comes, and the client might not have received the answer yet. See RFC 1122, 4.2.2.13.
    @inline(never)
    private mutating func close(_ memory: UnsafeMutableRawPointer, _ size: Int) -> Outcome {
        if hasEnded && !isReadable || !hasSent { return .close }
        if !isLingering {
            isLingering = true
            minato_socket_shutdown(descriptor, Int32(SHUT_WR))
        }
        for _ in 0..<Self.readsInARow {
            let count = unsafe minato_socket_receive_once(descriptor, memory, size)
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
        hasSent = true
        let descriptor = descriptor
        let result = unsafe output.withBytes { unsafe minato_socket_send_once(descriptor, $0, $1) }
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
        // Only trying tells that there is no room: after a hang-up, or an interruption, no edge would come.
        return flush()
    }

    /// Sends what waits: nil when nothing is left.
    @inline(never)
    private mutating func flush() -> Outcome? {
        while isBlocked {
            let descriptor = descriptor
            let sent = sent
            let result = unsafe unsent.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return Int64(0) }
                return unsafe minato_socket_send_once(descriptor, base + sent, bytes.count - sent)
            }
            if result == -Int64(EAGAIN) { return .wait }
            if result == -Int64(EINTR) { continue }
            guard result >= 0 else {
                failure = SocketError(.send, .init(result: result))
                return .close
            }
            self.sent += Int(result)
            hasMoved = true
        }
        unsent = []
        sent = 0
        return nil
    }
}
