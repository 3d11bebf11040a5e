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
        /// The connection is closed; with what went wrong.
        case close((any Error)?)
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
    /// The responder has ended the connection while the client was still sending: what comes is dropped.
    private(set) var isLingering = false

    /// What was received and not consumed, if anything.
    private var input: [UInt8] = []
    /// What the client has not taken yet, if anything, from `sent` on.
    private var unsent: [UInt8] = []
    private var sent = 0

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
    mutating func goOn(_ memory: UnsafeMutableRawPointer, _ size: Int, _ output: inout ResponderOutput) -> Outcome {
        do {
            if isBlocked, try !flush() { return .wait }
            var reads = 0
            while isReadable || isFull, !isClosing {
                if reads == Self.readsInARow { return .again }
                reads += 1
                if isFull {
                    try answerInput(&output)
                } else {
                    unsafe try readAndAnswer(memory, size, &output)
                }
                if !output.isEmpty, try !send(&output) { return .wait }
            }
            return isClosing ? unsafe close(memory, size) : .wait
        } catch {
            output.removeAll(keeping: size)
            return .close(error)
        }
    }

    // MARK: - Receiving

    private mutating func readAndAnswer(
        _ memory: UnsafeMutableRawPointer, _ size: Int, _ output: inout ResponderOutput
    ) throws {
        let count = unsafe minato_socket_receive_once(descriptor, memory, size)
        if count > 0 {
            if count < size, !hasEnded { isReadable = false }
            hasMoved = true
            isFresh = false
            return unsafe try answer(UnsafeRawPointer(memory), Int(count), &output)
        }
        if count == 0 {
            isClosing = true
            hasEnded = true
            isReadable = false
            let rest = input
            input = []
            return try responder.end(rest: rest.span, output: &output)
        }
        if count == -Int64(EAGAIN) {
            isReadable = false
        } else if count != -Int64(EINTR) {
            throw SocketError(.receive, .init(result: count))
        }
    }

    private mutating func answer(_ bytes: UnsafeRawPointer, _ count: Int, _ output: inout ResponderOutput) throws {
        if input.isEmpty {
            let all = unsafe UnsafeBufferPointer(start: bytes.assumingMemoryBound(to: UInt8.self), count: count)
            let consumed = unsafe try consume(all.span, &output)
            if consumed < count {
                unsafe input.append(contentsOf: UnsafeBufferPointer(rebasing: all[consumed...]))
                try checkInput()
            }
        } else {
            unsafe input.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
            try answerInput(&output)
        }
    }

    /// Answers what was received before.
    private mutating func answerInput(_ output: inout ResponderOutput) throws {
        isFull = false
        hasMoved = true
        // Taken out meanwhile, so that the responder can be given it in place.
        var kept: [UInt8] = []
        swap(&kept, &input)
        let consumed = try consume(kept.span, &output)
        if consumed == kept.count { return }
        if consumed > 0 { kept.removeFirst(consumed) }
        swap(&kept, &input)
        try checkInput()
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
            guard 0...rest.count ~= step else {
                throw SocketError(.receive, .invalidArgument, subject: "consumed \(step) of \(rest.count) bytes")
            }
            consumed += step
        }
        return consumed
    }

    // MARK: - Closing

    /// Everything has been sent. A client that is still sending is let finish: closing would make the kernel reset the
    /// connection, and with it would go what the client has not received yet. See RFC 1122, 4.2.2.13.
    private mutating func close(_ memory: UnsafeMutableRawPointer, _ size: Int) -> Outcome {
        if hasEnded, !isReadable { return .close(nil) }
        for _ in 0..<Self.readsInARow {
            let count = unsafe minato_socket_receive_once(descriptor, memory, size)
            if count == -Int64(EINTR) { continue }
            if count == -Int64(EAGAIN) { return isLingering ? .wait : .close(nil) }
            guard count > 0 else { return .close(nil) }
            if !isLingering {
                isLingering = true
                minato_socket_shutdown(descriptor, Int32(SHUT_WR))
            }
        }
        return .again
    }

    // MARK: - Sending

    /// Sends the answer, and keeps what the client does not take: then false.
    private mutating func send(_ output: inout ResponderOutput) throws -> Bool {
        let descriptor = descriptor
        let result = unsafe output.withBytes { unsafe minato_socket_send_once(descriptor, $0, $1) }
        if result == Int64(output.count) {
            output.removeAll()
            return true
        }
        guard result >= 0 || result == -Int64(EAGAIN) || result == -Int64(EINTR) else {
            throw SocketError(.send, .init(result: result))
        }
        let taken = max(Int(result), 0)
        unsafe output.withBytes { (bytes, count) in
            unsafe unsent.append(contentsOf: UnsafeRawBufferPointer(start: bytes + taken, count: count - taken))
        }
        output.removeAll()
        // After a hang-up no edge comes: only trying tells.
        return hasEnded ? try flush() : false
    }

    /// Sends what waits; false when something is left.
    private mutating func flush() throws -> Bool {
        while isBlocked {
            let descriptor = descriptor
            let sent = sent
            let result = unsafe unsent.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return Int64(0) }
                return unsafe minato_socket_send_once(descriptor, base + sent, bytes.count - sent)
            }
            if result == -Int64(EAGAIN) { return false }
            if result == -Int64(EINTR) { continue }
            guard result >= 0 else { throw SocketError(.send, .init(result: result)) }
            self.sent += Int(result)
            hasMoved = true
        }
        unsent = []
        sent = 0
        return true
    }
}
