public import MinatoSocket

// Restarting without losing a client: the successor gets the very socket at which the clients wait.

extension SocketServer {
    /// Sends the socket at which the server listens to a successor, over a Unix socket.
    ///
    ///     try server.handOver(to: successor)          // in the old process; then, when the successor says that it serves:
    ///     let report = server.drain(timeout: .seconds(10))
    ///
    ///     let server = try TCPServer(receivingFrom: predecessor)     // in the new one
    ///
    /// Both have the one socket from then on, with one queue of clients that wait: nobody is refused and nobody is lost, since
    /// the queue lives as long as one of them has it open. This server serves as before until it is stopped, so stop it by
    /// ``drain(timeout:)`` as soon as the successor serves. Clients who are being served stay here.
    ///
    /// The path of a Unix socket that this server bound is the successor's to remove from now on. It is this server's again
    /// only when sending fails.
    ///
    /// The descriptor goes with one line of text, so that a successor in another language can receive it too. Waits, for at
    /// most the timeout of `successor`, until the kernel takes it; the other process need not have received it. May be called
    /// from any thread, while the server serves too, and several times.
    ///
    /// - Parameter successor: a Unix socket, connected to a process that may take this server's clients: it gets them all.
    /// - Throws: `.closed` when the server is closed, `.invalidArgument` for a socket that is no Unix socket, `.timedOut`,
    ///   `.brokenPipe`, `.connectionReset`, `.notConnected` ... The server is unchanged then.
    ///
    /// Python: `socket.send_fds`. See unix(7), SCM_RIGHTS.
    public func handOver(to successor: borrowing Socket) throws(SocketError) {
        guard successor.family == .unix else {
            throw SocketError(.serve, .invalidArgument, subject: "handing over to \(successor.family)")
        }
        // Keeps the descriptor open meanwhile.
        guard let listener = state.withLock({ $0.listener }) else { throw SocketError(.serve, .closed) }
        // Before it is sent: a server that is closed in between must not remove what is the successor's already.
        let path = listener.giveUpPath()
        do throws(SocketError) {
            let message = HandOverMessage(ownsPath: path?.isThere ?? false)
            try successor.send(descriptors: [listener.socket.descriptor], with: message.bytes)
        } catch {
            if let path { listener.takePath(path) }
            throw error
        }
        state.withLock { $0.hasSuccessor = true }
    }
}

extension ServedKind {
    /// Receives what `handOver` sends: the socket, and whether its path is ours to remove.
    func receive(from predecessor: borrowing Socket) throws(SocketError) -> ReceivedListener {
        let message = try predecessor.receiveDescriptors(atMost: 1, bytes: HandOverMessage.longest)
        if message.bytes.isEmpty, message.descriptors.isEmpty {
            throw SocketError(.serve, .endOfStream, subject: "\(server) receiving a listener")
        }
        guard let content = HandOverMessage(message.bytes), !message.isAncillaryTruncated,
            let socket = try message.descriptors.first?.takeSocket()
        else {
            throw SocketError(.serve, .invalidArgument, subject: "\(server) receiving something else than a listener")
        }
        try check(socket)
        return ReceivedListener(socket: socket, ownsPath: content.ownsPath)
    }
}

/// A listener that a predecessor sent.
struct ReceivedListener: ~Copyable {
    let socket: Socket
    let ownsPath: Bool
}
