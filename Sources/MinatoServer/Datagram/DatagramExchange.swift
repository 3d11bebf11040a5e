internal import CMinato
internal import Glibc
internal import MinatoSocket

/// A responder's dialogue with all senders, on one loop: the rules of receiving, answering and sending in batches. It knows a
/// descriptor, but no loop and no timer.
struct DatagramExchange: ~Copyable {
    /// What happens next.
    enum Outcome {
        /// Nothing, until the descriptor is ready or the time has come.
        case wait
        /// More of the same, after others have had their turn.
        case again
        /// The socket is unusable.
        case end(SocketError)
    }

    /// Receives in a row before the others get their turn.
    private static let batchesInARow = 4
    /// The datagrams that are asked for when few came last time: each costs its preparation, whether it comes or not.
    private static let fewest = 8
    /// So many at a time make the costs of a call small beside those of each.
    private static let many = 16

    private let port: DatagramPort
    private let descriptor: Int32
    private let control: DatagramControl
    private let hooks: DatagramServerHooks
    /// Whether a receive of fewer datagrams than were asked for has emptied the socket. On a connected one it may have ended
    /// at an error, behind which there is more, and of which no edge tells.
    private let isDrainedWhenShort: Bool
    private var responder: any DatagramResponder
    private var batch: DatagramBatch
    private var outputs: OutputRow
    private var info = DatagramInfo(sender: SocketAddress(), length: 0)

    /// How many datagrams to ask for.
    private var wanted = Self.fewest
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

    init(
        _ port: DatagramPort, _ responder: any DatagramResponder, _ control: DatagramControl, _ limits: ServerLimits,
        _ hooks: DatagramServerHooks
    ) {
        self.port = port
        self.control = control
        self.hooks = hooks
        self.responder = responder
        descriptor = port.socket.descriptor
        isDrainedWhenShort = !port.isConnected
        // What the kernel counts as lost is asked for when somebody wants to know it.
        batch = DatagramBatch(size: limits.datagramSize, controlSize: control.isWildcard ? control.capacity : 0)
        outputs = OutputRow(count: batch.capacity)
        late = LateReplies(port, limit: limits.outputLimit)
        info.localAddress = control.localAddress(nil)
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

    /// Sends what is late, then receives and answers until there is nothing more to do.
    mutating func goOn() -> Outcome {
        if !late.isEmpty { sendLate() }
        if pause != .min {
            guard pause <= minato_clock_now() else { return .wait }
            pause = .min
        }
        var batches = 0
        while isReadable, !isStopped, !isBlocked {
            if batches == Self.batchesInARow { return .again }
            batches += 1
            let result = batch.receive(descriptor, atMost: wanted)
            guard result > 0 else {
                if result == -EAGAIN {
                    isReadable = false
                } else if let error = judge(.init(result: result)) {
                    return .end(error)
                } else if pause != .min {
                    return .wait
                }
                continue
            }
            // While a few are answered others come, mostly: looking for them costs less than waiting. One alone was
            // probably the only one; and after many it is better to let them gather again.
            if result < wanted, isDrainedWhenShort, !(2..<Self.many ~= Int(result)) { isReadable = false }
            wanted = result == wanted ? batch.capacity : max(Self.fewest, min(Int(result) &* 2, batch.capacity))
            answer()
            send()
        }
        return .wait
    }

    /// What a failed receive means: nil, perhaps after a pause, to go on.
    private mutating func judge(_ code: SocketError.Code) -> SocketError? {
        let error = SocketError(.receive, code, local: port.server)
        switch backoff.failed(code) {
        case .goOn: return nil
        case .pause(let length, let isNew):
            if isNew { hooks.onError?(error, nil) }
            pause = Deadline.after(length).nanoseconds
            return nil
        case .end: return error
        }
    }

    // MARK: - Answering

    /// Makes replies of the batch.
    private mutating func answer() {
        backoff.succeeded()
        for place in 0..<batch.count {
            info.sender = batch.sender(place)
            info.length = batch.length(place)
            info.isTruncated = batch.isTruncated(place)
            let asked = control.isWildcard ? batch.packetInfo(place) : nil
            if control.isWildcard { info.localAddress = control.localAddress(asked) }
            if hooks.verify != nil, !isWanted(place) { continue }
            do {
                try answer(place, from: asked)
            } catch {
                outputs[batch.replies].removeAll()
                hooks.onError?(error, info.sender)
            }
        }
    }

    @inline(__always)
    private mutating func answer(_ place: Int, from asked: PacketInfo?) throws {
        let reply = batch.replies
        let bytes = unsafe batch.bytes(place)
        guard unsafe try responder.respond(to: bytes.span, info, output: &outputs[reply]) == .reply else {
            return outputs[reply].removeAll()
        }
        if port.isUnix, info.sender == SocketAddress() || info.sender.isUnnamed {
            throw SocketError(.send, .notConnected, subject: "reply to a sender without an address")
        }
        let source = asked.flatMap(DatagramControl.source)
        unsafe outputs[reply].withBytes { unsafe batch.reply(to: place, $0, $1, from: source) }
    }

    private func isWanted(_ place: Int) -> Bool {
        let bytes = unsafe [UInt8](batch.bytes(place))
        let datagram = Datagram(bytes: bytes, sender: info.sender, length: info.length)
        let source = control.isWildcard ? batch.packetInfo(place).flatMap(DatagramControl.source) : nil
        return hooks.wants(datagram, info.localAddress, port, from: source)
    }

    // MARK: - Sending

    /// Sends the replies of the batch; what finds no room is late.
    private mutating func send() {
        var sent = 0
        while sent < batch.replies {
            // One who has not taken earlier ones gets this one after them.
            if !late.isEmpty, !port.isUnix || late.holdUp(batch.receiver(ofReply: sent)) {
                putOff(sent)
                sent += 1
                continue
            }
            let result = batch.send(descriptor, from: sent)
            if result > 0 {
                sent += Int(result)
                continue
            }
            if result == -EINTR { continue }
            if LateReplies.isToBeTriedAgain(Int64(result)) {
                putOff(sent)
                if result != -EAGAIN { waitForMemory(.init(result: result)) }
            } else {
                let receiver = batch.receiver(ofReply: sent)
                hooks.onError?(port.failure(.init(result: result), receiver), receiver)
            }
            sent += 1
        }
        for reply in 0..<batch.replies { outputs[reply].removeAll() }
    }

    private mutating func putOff(_ reply: Int) {
        let receiver = batch.receiver(ofReply: reply)
        let source = control.isWildcard ? batch.source(ofReply: reply) : nil
        guard unsafe !late.append(batch.bytes(ofReply: reply), to: receiver, from: source) else { return }
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

/// The outputs for the replies of a batch, in plain memory.
@safe
private struct OutputRow: ~Copyable {
    private let outputs: UnsafeMutablePointer<ResponderOutput>
    private let count: Int

    init(count: Int) {
        self.count = count
        unsafe outputs = .allocate(capacity: count)
        for place in 0..<count { unsafe (outputs + place).initialize(to: ResponderOutput()) }
    }

    deinit {
        unsafe outputs.deinitialize(count: count)
        unsafe outputs.deallocate()
    }

    subscript(place: Int) -> ResponderOutput {
        @inline(__always) _read { yield unsafe outputs[place] }
        @inline(__always) _modify { yield unsafe &outputs[place] }
    }
}
