internal import MinatoSocket

// One connection, from accept to close.

/// What is done with a connection, which it gives back; errors go to the third parameter.
typealias ConnectionBody = @Sendable (consuming Socket, SocketAddress, (any Error) -> Void) -> Socket

extension StreamServer {
    func serveBlocking(_ body: @escaping ConnectionBody) throws(SocketError) {
        let (hooks, limits) = (hooks, limits)
        try serve { (listener) throws(SocketError) in
            let accepted = try listener.socket.accept()
            let client = accepted.address
            let descriptor = accepted.socket.descriptor
            let connection = Handover(accepted.socket)
            return Taken(descriptor: descriptor) { dismiss in
                guard var socket = connection.take() else { return dismiss() }
                var isGivenUp = false
                // Neither can fail in a way that matters: a connection that has broken off shows it in the handler.
                if socket.family != .unix { try? socket.setOption(.noDelay, true) }
                do {
                    let client = try socket.client(accepted: client, policy: hooks.proxyProtocol, limits: limits)
                    try? socket.setTimeout(limits.idleTimeout)
                    socket.beServed(limitingFirstReceiveTo: limits.firstReceiveTimeout)
                    if hooks.verify?(socket, client) ?? true {
                        socket = body(socket, client) { error in
                            // With the number of the connection, which is open as long as its handler is at work.
                            isGivenUp = isGivenUp || (error as? SocketError)?.givesUpPeer(of: descriptor) ?? false
                            hooks.report(error, client)
                        }
                    }
                } catch {
                    hooks.report(error, client)
                }
                dismiss()
                // Also where the handler has said nothing of it.
                if isGivenUp || socket.hasLostOutput { UnsentData.giveUp(socket.descriptor) }
                // Whatever the handler did before, the peer sees the end of the stream and not a reset, unless it sent
                // something that nobody read. Python: shutdown_request.
                try? socket.shutdown(.sending)
                try? socket.close()
            }
        }
    }
}

extension Socket {
    /// Whose connection it is: the one from whom it was accepted, or whom the balancer names.
    fileprivate mutating func client(
        accepted: SocketAddress, policy: ProxyProtocolPolicy, limits: ServerLimits
    ) throws -> SocketAddress {
        switch policy {
        case .off: return accepted
        case .required:
            let deadline = Deadline.after(limits.firstReceiveTimeout ?? limits.idleTimeout)
            return try receiveProxyHeader(until: deadline).source ?? accepted
        }
    }
}

/// A socket on its way from the thread that accepted it to the one that serves it.
///
/// A closure cannot own what cannot be copied.
final class Handover: Sendable {
    private let socket: Guarded<Socket?>

    init(_ socket: consuming Socket) { self.socket = Guarded(socket) }

    /// The socket, once. Closed with this object when nobody takes it.
    func take() -> Socket? { socket.withLock { $0.take() } }
}
