internal import MinatoSocket

/// What a task does with a connection. Two cases, so that no closure stands between a task and its handler.
enum ConnectionHandler: Sendable {
    case plain(@Sendable (_ connection: Connection) async throws -> Void)
    case withClient(@Sendable (_ connection: Connection, _ client: SocketAddress) async throws -> Void)

    var wantsClient: Bool {
        if case .withClient = self { true } else { false }
    }
}

/// Who has connected. In an object, because a task's memory holds a copy of everything that is large, twice and more.
final class ClientAddress: Sendable {
    let address: SocketAddress
    init(_ address: SocketAddress) { self.address = address }
}

/// One connection on its way from being accepted to being closed.
///
/// What does not wait is kept out of the functions that do: a task has memory for all variables of a function that waits, for
/// as long as it lives, and a server has a task for each connection.
struct ConnectionTask: Sendable {
    private let server: StreamServer
    private let share: LoopShare
    private let descriptor: Int32
    /// Only for those who want to know it.
    private let accepted: ClientAddress?

    private let handler: ConnectionHandler

    init(_ server: StreamServer, _ accepted: LoopAcceptor.Accepted, _ handler: ConnectionHandler) {
        self.server = server
        share = accepted.share
        descriptor = accepted.descriptor
        self.handler = handler
        self.accepted = handler.wantsClient || server.hooks.wantsClient ? ClientAddress(accepted.client) : nil
    }

    /// Runs the handler. Always closes the connection.
    nonisolated(nonsending) func run() async {
        guard let (connection, number) = begin() else { return }
        var client = accepted
        do {
            try await withTaskCancellationHandler {
                if server.hooks.proxyProtocol == .required {
                    guard let source = try await arrive(connection) else { return }
                    client = source
                }
                switch handler {
                case .plain(let handle): try await handle(connection)
                case .withClient(let handle): try await pass(connection, client, to: handle)
                }
            } onCancel: {
                connection.channel.cancelOwn()
            }
        } catch {
            tell(error, client)
        }
        end(connection, number)
    }

    /// In a function of its own, as the address is large.
    @inline(never)
    private nonisolated(nonsending) func pass(
        _ connection: Connection, _ client: ClientAddress?,
        to handle: @Sendable (_ connection: Connection, _ client: SocketAddress) async throws -> Void
    ) async throws {
        try await handle(connection, client?.address ?? SocketAddress())
    }

    /// Nil when the connection is not wanted; it is closed then.
    @inline(never)
    private func begin() -> (Connection, UInt64)? {
        let socket = Socket(owning: descriptor, family: server.address.family, kind: .stream, protocolNumber: 0)
        if let verify = server.hooks.verify, server.hooks.proxyProtocol == .off, let accepted,
            !verify(socket, accepted.address)
        {
            try? socket.close()
            server.state.withLock { $0.dropPlace() }
            leave()
            return nil
        }
        let channel = Channel(socket, on: share.loop)
        guard let number = server.state.withLock({ $0.enterPlace(.told(channel), worker: .thisTask) }) else {
            channel.abandon()
            leave()
            return nil
        }
        channel.register()
        // Before the handler of the cancellation is installed, which may be called at once.
        channel.adoptCurrentTask()
        let limits = server.limits
        let connection = Connection(
            channel, readTimeout: limits.idleNanoseconds, writeTimeout: limits.writeNanoseconds,
            firstReadTimeout: limits.firstByteNanoseconds)
        return (connection, number)
    }

    /// Reads the header of the balancer. Nil when the connection that it tells of is not wanted.
    @inline(never)
    private nonisolated(nonsending) func arrive(_ connection: Connection) async throws -> ClientAddress? {
        let source = try await connection.readProxyHeader(server.limits)
        let client = source.map { ClientAddress($0) } ?? accepted
        guard let verify = server.hooks.verify, let client else { return client ?? ClientAddress(SocketAddress()) }
        return connection.channel.allows(verify, client.address, server.address.family) ? client : nil
    }

    @inline(never)
    private func tell(_ error: any Error, _ client: ClientAddress?) {
        if let client { server.tell(error, client.address) }
    }

    @inline(never)
    private func end(_ connection: Connection, _ number: UInt64) {
        connection.channel.disownTask()
        connection.channel.close()
        server.state.withLock { $0.dismiss(number) }
        leave()
    }

    private func leave() {
        share.leave()
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
