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
    private var responder: any StreamResponder

    /// Reading is worth a try.
    private var isReadable = false
    /// The peer has ended or broken its stream: a short read does not mean that nothing more is to be learnt.
    private var hasEnded = false
    /// To be closed when the output has been sent.
    private var isClosing = false

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

    init(_ descriptor: Int32, _ responder: any StreamResponder, inputLimit: Int) {
        self.descriptor = descriptor
        self.responder = responder
        self.inputLimit = inputLimit
    }

    /// Whether the client has not taken all that it was sent.
    var isBlocked: Bool { sent < unsent.count }

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
        if isBlocked, let outcome = flushFirst() { return outcome }
        var reads = 0
        while isReadable {
            if reads == Self.readsInARow { return .again }
            reads &+= 1
            let count = unsafe minato_socket_receive_once(descriptor, memory, size)
            if count <= 0 {
                guard let outcome = stopReading(count, &output) else { continue }
                return outcome
            }
            if count < size, !hasEnded { isReadable = false }
            hasMoved = true
            let bytes = unsafe UnsafeBufferPointer(
                start: UnsafePointer(memory.assumingMemoryBound(to: UInt8.self)), count: Int(count))
            do {
                if input.isEmpty {
                    let consumed = unsafe try consume(bytes.span, &output)
                    if consumed < bytes.count { unsafe try keep(bytes, from: consumed) }
                } else {
                    unsafe try answerWithKept(bytes, &output)
                }
            } catch {
                return fail(error, &output)
            }
            if !output.isEmpty, let outcome = send(&output) { return outcome }
            if isClosing { return .close }
        }
        return .wait
    }

    // MARK: - Receiving

    /// A receive that brought nothing: nil when another one is worth it.
    @inline(never)
    private mutating func stopReading(_ count: Int64, _ output: inout ResponderOutput) -> Outcome? {
        if count == -Int64(EINTR) { return nil }
        isReadable = false
        if count == -Int64(EAGAIN) { return .wait }
        guard count == 0 else { return fail(SocketError(.receive, .init(result: count)), &output) }
        isClosing = true
        let rest = input
        do { try responder.end(rest: rest.span, output: &output) } catch { return fail(error, &output) }
        if !output.isEmpty, let outcome = send(&output) { return outcome }
        return .close
    }

    @inline(never)
    private mutating func fail(_ error: any Error, _ output: inout ResponderOutput) -> Outcome {
        output.removeAll()
        failure = error
        return .close
    }

    @inline(never)
    private mutating func keep(_ bytes: UnsafeBufferPointer<UInt8>, from place: Int) throws {
        unsafe input.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[place...]))
        try checkInput()
    }

    @inline(never)
    private mutating func answerWithKept(
        _ bytes: UnsafeBufferPointer<UInt8>, _ output: inout ResponderOutput
    ) throws {
        unsafe input.append(contentsOf: bytes)
        let kept = input
        let consumed = try consume(kept.span, &output)
        input = consumed == kept.count ? [] : Array(kept[consumed...])
        try checkInput()
    }

    private func checkInput() throws {
        guard input.count > inputLimit else { return }
        throw SocketError(.receive, .limitExceeded, subject: "input limit \(inputLimit)")
    }

    /// Calls the responder until it consumes nothing more.
    @inline(__always)
    private mutating func consume(_ bytes: Span<UInt8>, _ output: inout ResponderOutput) throws -> Int {
        var consumed = 0
        while consumed < bytes.count {
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

    // MARK: - Sending

    /// Sends the answer: nil when the client has taken all of it. What it does not take is kept.
    @inline(__always)
    private mutating func send(_ output: inout ResponderOutput) -> Outcome? {
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
        // Only trying tells whether there is room again: the edge may have come already.
        return flushFirst()
    }

    /// Sends what waits: nil when nothing is left.
    @inline(never)
    private mutating func flushFirst() -> Outcome? {
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
        return isClosing ? .close : nil
    }
}
