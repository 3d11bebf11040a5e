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
    mutating func goOn(_ memory: UnsafeMutableRawPointer, _ size: Int, _ output: inout ResponderOutput) -> Outcome {
        do {
            if isBlocked, try !flush() { return .wait }
            var reads = 0
            while isReadable, !isClosing {
                if reads == Self.readsInARow { return .again }
                reads += 1
                unsafe try readAndAnswer(memory, size, &output)
                if !output.isEmpty, try !send(&output) { return .wait }
            }
            return isClosing ? .close(nil) : .wait
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
            return unsafe try answer(UnsafeRawPointer(memory), Int(count), &output)
        }
        if count == 0 {
            isClosing = true
            let rest = input
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
            let kept = input
            let consumed = try consume(kept.span, &output)
            input = consumed == kept.count ? [] : Array(kept[consumed...])
            try checkInput()
        }
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
            guard 0...rest.count ~= step else {
                throw SocketError(.receive, .invalidArgument, subject: "consumed \(step) of \(rest.count) bytes")
            }
            consumed += step
        }
        return consumed
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
