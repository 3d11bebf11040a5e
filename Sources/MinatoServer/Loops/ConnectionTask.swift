internal import MinatoSocket

/// What a task does with a connection.
typealias ConnectionHandler = @Sendable (_ connection: Connection, _ client: SocketAddress) async throws -> Void

/// One connection on its way from being accepted to being closed.
struct ConnectionTask: Sendable {
    private let server: StreamServer
    private let share: LoopShare
    private let descriptor: Int32
    /// Only for those who want to know it.
    private let accepted: ClientAddress?

    /// In an object, because a task's closure is copied and an address is large.
    private final class ClientAddress: Sendable {
        let address: SocketAddress
        init(_ address: SocketAddress) { self.address = address }
    }

    init(_ server: StreamServer, _ accepted: LoopAcceptor.Accepted, wantsClient: Bool) {
        self.server = server
        share = accepted.share
        descriptor = accepted.descriptor
        self.accepted = wantsClient || server.hooks.wantsClient ? ClientAddress(accepted.client) : nil
    }

    /// Runs the handler. Always closes the connection.
    nonisolated(nonsending) func run(_ handle: ConnectionHandler) async {
        defer { share.leave() }
        let hooks = server.hooks
        let address = server.address
        var client = accepted?.address ?? SocketAddress()
        let socket = Socket(owning: descriptor, family: address.family, kind: .stream, protocolNumber: 0)
        if let verify = hooks.verify, hooks.proxyProtocol == .off, !verify(socket, client) {
            try? socket.close()
            server.state.withLock { $0.dropPlace() }
            return server.state.announce()
        }
        let channel = Channel(socket, on: share.loop)
        guard let number = server.state.withLock({ $0.enterPlace(.told(channel), worker: .thisTask) }) else {
            channel.abandon()
            return server.state.announce()
        }
        channel.register()
        // Before the handler of the cancellation is installed, which may be called at once.
        channel.adoptCurrentTask()
        let limits = server.limits
        let connection = Connection(
            channel, readTimeout: limits.idleNanoseconds, writeTimeout: limits.writeNanoseconds,
            firstReadTimeout: limits.firstByteNanoseconds)
        do {
            try await withTaskCancellationHandler {
                if hooks.proxyProtocol == .required {
                    let source = try await connection.readProxyHeader(limits)
                    client = source ?? client
                    if let verify = hooks.verify, !channel.allows(verify, client, address.family) { return }
                }
                try await handle(connection, client)
            } onCancel: {
                channel.cancelOwn()
            }
        } catch {
            server.tell(error, client)
        }
        channel.disownTask()
        channel.close()
        server.state.withLock { $0.dismiss(number) }
        server.state.announce()
    }
}

extension StreamServer {
    /// Tells of a handler's error, unless it is what the server's own end looks like to a handler.
    func tell(_ error: any Error, _ client: SocketAddress) {
        guard hooks.wantsClient else { return }
        let isOfTheEnd =
            (error as? SocketError).map { $0.code == .cancelled || $0.code == .closed } ?? (error is CancellationError)
        // The tasks may hear of the end of the one that serves before the server does.
        if isOfTheEnd, Task.isCancelled || state.withLock({ $0.endsWork }) { return }
        hooks.report(error, client)
    }
}

extension Channel {
    /// Asks the hook, which wants a socket.
    fileprivate func allows(
        _ verify: (_ connection: borrowing Socket, _ client: SocketAddress) -> Bool, _ client: SocketAddress,
        _ family: Socket.Family
    ) -> Bool {
        withDescriptor { descriptor in
            let socket = Socket(owning: descriptor, family: family, kind: .stream, protocolNumber: 0)
            let isAllowed = verify(socket, client)
            _ = socket.release()
            return isAllowed
        } ?? false
    }
}
