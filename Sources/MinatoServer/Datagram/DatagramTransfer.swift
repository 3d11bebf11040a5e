internal import CMinato
internal import Glibc
internal import MinatoSocket

/// The rules of receiving datagrams and sending replies in batches, on one loop, for every face. It knows a descriptor, but no
/// loop and no timer.
struct DatagramTransfer: ~Copyable {
    /// What happens after a turn.
    enum Outcome {
        /// Nothing, until the descriptor is ready or the time has come.
        case wait
        /// More of the same, after others have had their turn.
        case again
        /// The socket is unusable.
        case end(SocketError)
    }

    /// Receives in a row before the others get their turn.
    static let batchesInARow = 4
    /// The datagrams that are asked for when few came last time: each costs its preparation, whether it comes or not.
    private static let fewest = 8
    /// So many at a time make the costs of a call small beside those of each.
    private static let many = 16

    let port: DatagramPort
    private let descriptor: Int32
    private let control: DatagramControl
    private let hooks: DatagramServerHooks
    /// Whether a receive of fewer datagrams than were asked for has emptied the socket. On a connected one it may have ended
    /// at an error, behind which there is more, and of which no edge tells.
    private let isDrainedWhenShort: Bool

    /// What the last receive took.
    private(set) var batch: DatagramBatch
    /// What is to be sent next.
    var replies: ReplyBatch
    /// How many datagrams to ask for.
    private(set) var wanted = Self.fewest
    private var backoff = AcceptBackoff()
    private var sendingBackoff = AcceptBackoff()
    /// Until when nothing is received, because memory is short.
    private var pause = Int64.min

    /// Receiving is worth a try.
    var isReadable = false
    /// Nothing is received any more.
    var isStopped = false
    /// The replies that the kernel had no room for.
    var late: LateReplies

    init(_ port: DatagramPort, _ control: DatagramControl, _ limits: ServerLimits, _ hooks: DatagramServerHooks) {
        self.port = port
        self.control = control
        self.hooks = hooks
        descriptor = port.socket.descriptor
        isDrainedWhenShort = !port.isConnected
        // What the kernel counts as lost is asked for when somebody wants to know it.
        batch = DatagramBatch(size: limits.datagramSize, controlSize: control.isWildcard ? control.capacity : 0)
        replies = ReplyBatch(joins: port.sendsTogether, hasSources: control.isWildcard)
        late = LateReplies(port, limit: limits.outputLimit)
    }

    /// Whether replies to everybody wait for the socket to become writable, and receiving with them.
    var isBlocked: Bool { !port.isUnix && !late.isEmpty }

    /// Whether nothing is done before the time has come, however ready the socket is.
    var isPausing: Bool { pause != .min || isBlocked && late.waitsForMemory }

    /// When to go on although nothing is ready.
    var next: Int64 {
        let next = late.isEmpty ? Int64.max : late.next
        return pause == .min || isStopped ? next : min(next, pause)
    }

    /// To be called at the beginning of a turn: sends what is late, and ends a pause that is over.
    mutating func begin() {
        if !late.isEmpty { sendLate() }
        if pause != .min, pause <= minato_clock_now() { pause = .min }
    }

    // MARK: - Receiving

    /// Whether something is to be received now.
    var mayReceive: Bool { isReadable && !isStopped && pause == .min && !isBlocked }

    /// Receives a batch of at most so many. False: there was none, or an error that passes.
    ///
    /// - Throws: an error of the socket that cannot pass.
    mutating func receive(atMost limit: Int = .max) throws(SocketError) -> Bool {
        let asked = min(wanted, limit)
        let result = Int(batch.receive(descriptor, atMost: asked))
        guard result > 0 else {
            if result == -Int(EAGAIN) { isReadable = false } else { try judge(.init(result: Int32(result))) }
            return false
        }
        backoff.succeeded()
        // While a few are answered others come, mostly: looking for them costs less than waiting. One alone was probably
        // the only one; and after many it is better to let them gather again.
        if result < asked, isDrainedWhenShort, !(2..<Self.many ~= result) { isReadable = false }
        wanted = result == asked ? batch.capacity : max(Self.fewest, min(result &* 2, batch.capacity))
        return true
    }

    /// After a failed receive: goes on, perhaps after a pause.
    private mutating func judge(_ code: SocketError.Code) throws(SocketError) {
        let error = SocketError(.receive, code, local: port.server)
        switch backoff.failed(code) {
        case .goOn: break
        case .pause(let length, let isNew):
            if isNew { hooks.onError?(error, nil) }
            pause = Deadline.after(length).nanoseconds
        case .end: throw error
        }
    }

    // MARK: - Sending

    /// Sends the replies; what finds no room is late.
    mutating func send() {
        var sent = 0
        while sent < replies.count {
            // One who has not taken earlier ones gets this one after them.
            if !late.isEmpty, !port.isUnix || late.holdUp(replies.receiver(sent)) {
                judge(-Int64(EAGAIN), sent)
                sent += 1
                continue
            }
            let result = replies.send(descriptor, from: sent)
            if result > 0 {
                sent += Int(result)
            } else if result != -EINTR {
                if replies.pieces(sent) > 1, SocketError.Code(result: result).refusesPieces {
                    sendOneByOne(sent)
                } else {
                    judge(Int64(result), sent)
                }
                sent += 1
            }
        }
        replies.removeAll()
    }

    private mutating func sendOneByOne(_ message: Int) {
        replies.noteRefusal()
        let (receiver, source) = (replies.receiver(message), replies.source(message))
        for piece in 0..<replies.pieces(message) {
            let bytes = unsafe replies.bytes(message, piece: piece)
            let isHeldUp = !late.isEmpty
            judge(isHeldUp ? -Int64(EAGAIN) : unsafe port.sendOnce(bytes, to: receiver, from: source), message, piece)
        }
    }

    /// What becomes of a message that was not sent.
    private mutating func judge(_ result: Int64, _ message: Int) {
        for piece in 0..<replies.pieces(message) { judge(result, message, piece) }
    }

    private mutating func judge(_ result: Int64, _ message: Int, _ piece: Int) {
        guard result < 0 else { return }
        let receiver = replies.receiver(message)
        guard SocketError.Code(result: result).isToBeSentAgain else {
            hooks.onError?(port.failure(.init(result: result), receiver), receiver)
            return
        }
        if result != -Int64(EAGAIN) { waitForMemory(.init(result: result)) }
        let bytes = unsafe replies.bytes(message, piece: piece)
        guard unsafe !late.append(bytes, to: receiver, from: replies.source(message)) else { return }
        hooks.onError?(port.failure(.limitExceeded, receiver, subject: "output limit"), receiver)
    }

    private mutating func sendLate() {
        let hooks = hooks
        let isShort = late.send { error, receiver in hooks.onError?(error, receiver) }
        if isShort { waitForMemory(.init(ENOBUFS)) } else if late.isEmpty { sendingBackoff.succeeded() }
    }

    private mutating func waitForMemory(_ code: SocketError.Code) {
        guard case .pause(let length, let isNew) = sendingBackoff.failed(code) else { return }
        if isNew { hooks.onError?(SocketError(.send, code, local: port.server), nil) }
        late.waitForMemory(until: Deadline.after(length).nanoseconds)
    }
}
