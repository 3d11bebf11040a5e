internal import MinatoSocket

/// A responder's dialogue with all senders, on one loop: what is answered. How it is received and sent are the rules of
/// `DatagramTransfer`.
struct DatagramExchange: ~Copyable {
    private let control: DatagramControl
    private let hooks: DatagramServerHooks
    private var responder: any DatagramResponder
    private var outputs: OutputRow
    /// How many of them have bytes that are not sent yet: those that are too long to be copied.
    private var kept = 0
    private let isUnix: Bool
    private var info = DatagramInfo(sender: SocketAddress(), length: 0)

    /// - Parameter capacity: the most datagrams of a batch.
    init(
        _ responder: any DatagramResponder, _ control: DatagramControl, _ hooks: DatagramServerHooks, isUnix: Bool,
        capacity: Int
    ) {
        self.isUnix = isUnix
        self.control = control
        self.hooks = hooks
        self.responder = responder
        outputs = OutputRow(count: capacity)
        info.localAddress = control.localAddress(nil)
    }

    /// Sends what is late, then receives and answers until there is nothing more to do.
    mutating func goOn(_ transfer: inout DatagramTransfer) -> DatagramTransfer.Outcome {
        transfer.begin()
        var batches = 0
        while transfer.mayReceive {
            if batches == DatagramTransfer.batchesInARow { return .again }
            batches += 1
            do throws(SocketError) {
                guard try transfer.receive() else { continue }
            } catch {
                return .end(error)
            }
            answer(transfer.batch, transfer.port, &transfer.replies)
            transfer.send()
            for place in 0..<kept { outputs[place].removeAll() }
            kept = 0
        }
        return .wait
    }

    /// Makes replies of the batch.
    private mutating func answer(
        _ batch: borrowing DatagramBatch, _ port: DatagramPort, _ replies: inout ReplyBatch
    ) {
        for place in 0..<batch.count {
            batch.copySender(place, to: &info.sender)
            info.length = batch.length(place)
            info.isTruncated = batch.isTruncated(place)
            if control.isWildcard { info.localAddress = control.localAddress(batch.packetInfo(place)) }
            if hooks.verify != nil, !isWanted(place, batch, port) { continue }
            do {
                try answer(place, batch, &replies)
            } catch {
                outputs[kept].removeAll()
                hooks.onError?(error, info.sender)
            }
        }
    }

    @inline(__always)
    private mutating func answer(
        _ place: Int, _ batch: borrowing DatagramBatch, _ replies: inout ReplyBatch
    ) throws {
        let bytes = unsafe batch.bytes(place)
        guard unsafe try responder.respond(to: bytes.span, info, output: &outputs[kept]) == .reply else {
            return outputs[kept].removeAll()
        }
        if isUnix, info.sender == SocketAddress() || info.sender.isUnnamed {
            throw SocketError(.send, .notConnected, subject: "reply to a sender without an address")
        }
        let isCopied = outputs[kept].count <= ReplyBatch.longestCopied
        unsafe outputs[kept].withBytes { start, count in
            unsafe batch.withSender(place) { sender in
                if isCopied {
                    unsafe replies.append(copying: start, count, to: sender, from: source(place, batch))
                } else {
                    unsafe replies.append(referringTo: start, count, to: sender, from: source(place, batch))
                }
            }
        }
        if isCopied { outputs[kept].removeAll() } else { kept += 1 }
    }

    private func source(_ place: Int, _ batch: borrowing DatagramBatch) -> PacketInfo? {
        batch.packetInfo(place).flatMap(DatagramControl.source)
    }

    private func isWanted(_ place: Int, _ batch: borrowing DatagramBatch, _ port: DatagramPort) -> Bool {
        let bytes = unsafe [UInt8](batch.bytes(place))
        let datagram = Datagram(bytes: bytes, sender: info.sender, length: info.length)
        let source = control.isWildcard ? source(place, batch) : nil
        return hooks.wants(datagram, info.localAddress, port, from: source)
    }
}

/// Outputs, as many as there are replies in a batch, in plain memory.
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
