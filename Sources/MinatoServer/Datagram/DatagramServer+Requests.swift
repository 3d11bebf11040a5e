internal import MinatoSocket

// One datagram, from receiving it to the end of its handler.

extension DatagramServer {
    func serveBlocking(
        _ body: @escaping @Sendable (DatagramRequest, (any Error) -> Void) -> Void
    ) throws(SocketError) {
        let (hooks, limits, control, drops) = (hooks, limits, control, drops)
        var port: ReplyPort?
        try serve { (listener) throws(SocketError) in
            // Before receiving: without a descriptor for replies the datagram stays where it is.
            let replies: ReplyPort
            if let port {
                replies = port
            } else {
                replies = try ReplyPort(listener.socket, timeout: limits.writeTimeout)
            }
            port = replies
            let received = try listener.socket.receiveMessage(
                atMost: limits.datagramSize, ancillaryCapacity: control.capacity)
            let notes = control.notes(received.ancillary)
            if let dropped = notes.dropped { drops.withLock { $0.note(dropped) } }
            // A copy of the right size: the array has room for the largest datagram, and a handler may keep it.
            let bytes = unsafe received.bytes.withUnsafeBufferPointer { unsafe Array($0) }
            let datagram = Datagram(bytes: bytes, sender: received.sender, length: received.length)
            let ancillary = DatagramControl.ancillary(replyingFrom: notes.source)
            let request = DatagramRequest(
                datagram, localAddress: notes.local
            ) { (bytes, receiver) throws(SocketError) in
                try replies.send(bytes.span, ancillary, to: receiver)
            }
            return Taken(descriptor: nil) { dismiss in
                if hooks.verify?(request) ?? true {
                    body(request) { hooks.onError?($0, datagram.sender) }
                }
                dismiss()
            }
        }
    }
}

/// The server's socket as the handlers send through it: with a timeout of its own, since the listener's never waits.
private final class ReplyPort: Sendable {
    private let socket: Socket
    private let timeout: Duration?
    private let pausing = Guarded(())

    init(_ listener: borrowing Socket, timeout: Duration?) throws(SocketError) {
        self.timeout = timeout
        var socket = try listener.duplicate()
        try socket.setTimeout(listener.family == .unix ? .zero : timeout)
        self.socket = socket
    }

    /// Sends a datagram, and waits for room.
    ///
    /// Of a Unix socket's queue nothing tells when it has some, but a call that blocks. Whether it may, and for how long, is a matter
    /// of the socket, which all handlers have: what one of them sets would have another one wait for ever. So it is tried again.
    func send(_ bytes: Span<UInt8>, _ ancillary: [AncillaryData], to receiver: SocketAddress) throws(SocketError) {
        let deadline = Deadline.after(timeout)
        var pause = GrowingPause()
        while true {
            do throws(SocketError) {
                _ = try socket.sendMessage(bytes, ancillary: ancillary, to: receiver)
                return
            } catch {
                guard socket.family == .unix, error.code == .wouldBlock else { throw error }
                guard !deadline.hasPassed else {
                    throw SocketError(
                        .send, .timedOut, network: error.network, local: error.local, remote: receiver,
                        subject: error.subject)
                }
            }
            pausing.wait(until: min(deadline, pause.next())) { _ in nil as Void? }
        }
    }
}
