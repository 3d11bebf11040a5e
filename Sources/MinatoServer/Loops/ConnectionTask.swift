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
/// A task has memory for all variables of a function that waits, for as long as it lives, and a server has a task for each
/// connection. So what does not wait is kept out of the functions that do, and what lasts is kept here, once.
///
/// **Threads.** The task's only, but for the handler of its cancellation, which looks at `connection` while that stays as it is.
@safe
final class ConnectionTask: @unchecked Sendable {
    private let server: StreamServer
    private let share: LoopShare
    private let descriptor: Int32
    private let handler: ConnectionHandler
    /// Only for those who want to know it.
    @exclusivity(unchecked) private var client: ClientAddress?

    @exclusivity(unchecked) private var connection: Connection?
    /// What the server knows it by.
    @exclusivity(unchecked) private var number: UInt64 = 0
    /// The client has let a limit of time pass.
    private var isGivenUp = false

    init(_ server: StreamServer, _ accepted: LoopAcceptor.Accepted, _ handler: ConnectionHandler) {
        self.server = server
        share = accepted.share
        descriptor = accepted.descriptor
        self.handler = handler
        unsafe client = handler.wantsClient || server.hooks.wantsClient ? ClientAddress(accepted.client) : nil
        LiveObjects.connectionTask.isBorn()
    }

    deinit { LiveObjects.connectionTask.isGone() }

    /// Runs the handler. Always closes the connection.
    nonisolated(nonsending) func run() async {
        guard begin() else { return }
        await withTaskCancellationHandler {
            await serve()
        } onCancel: {
            unsafe connection?.channel.cancelOwn()
        }
        end()
    }

    private nonisolated(nonsending) func serve() async {
        guard let connection = unsafe connection else { return }
        do {
            if server.hooks.proxyProtocol == .off, case .plain(let handle) = handler {
                try await handle(connection)
            } else {
                try await serveWithClient(connection)
            }
        } catch {
            isGivenUp = connection.channel.isGivenUp(with: error)
            tell(error)
        }
    }

    /// In a function of its own, as the address is large.
    @inline(never)
    private nonisolated(nonsending) func serveWithClient(_ connection: Connection) async throws {
        if server.hooks.proxyProtocol == .required {
            guard let source = try await arrive(connection) else { return }
            unsafe client = source
        }
        switch handler {
        case .plain(let handle): try await handle(connection)
        case .withClient(let handle): try await handle(connection, unsafe client?.address ?? SocketAddress())
        }
    }

    /// False when the connection is not wanted; it is closed then.
    @inline(never)
    private func begin() -> Bool {
        let socket = Socket(owning: descriptor, family: server.address.family, kind: .stream, protocolNumber: 0)
        if let verify = server.hooks.verify, server.hooks.proxyProtocol == .off, let client = unsafe client,
            !verify(socket, client.address)
        {
            try? socket.close()
            server.state.withLock { $0.dropPlace() }
            leave()
            return false
        }
        let channel = Channel(socket, on: share.loop)
        guard let number = server.state.withLock({ $0.enterPlace(.told(channel), worker: .thisTask) }) else {
            channel.abandon()
            leave()
            return false
        }
        channel.register()
        // Before the handler of the cancellation is installed, which may be called at once.
        channel.adoptCurrentTask()
        let limits = server.limits
        unsafe connection = Connection(
            channel, readTimeout: limits.idleNanoseconds, writeTimeout: limits.writeNanoseconds,
            firstReadTimeout: limits.firstByteNanoseconds)
        unsafe self.number = number
        return true
    }

    /// Reads the header of the balancer. Nil when the connection that it tells of is not wanted.
    @inline(never)
    private nonisolated(nonsending) func arrive(_ connection: Connection) async throws -> ClientAddress? {
        let source = try await connection.readProxyHeader(server.limits)
        let client = source.map { ClientAddress($0) } ?? (unsafe client)
        guard let verify = server.hooks.verify, let client else { return client ?? ClientAddress(SocketAddress()) }
        return connection.channel.allows(verify, client.address, server.address.family) ? client : nil
    }

    @inline(never)
    private func tell(_ error: any Error) {
        if let client = unsafe client { server.tell(error, client.address) }
    }

    @inline(never)
    private func end() {
        if let channel = unsafe connection?.channel {
            if isGivenUp || channel.hasGivenUpWriting || hasDrained { channel.giveUpUnsent() }
            channel.disownTask()
            channel.close()
        }
        // Unless the handler has kept it, it goes now, before the place is free.
        unsafe connection = nil
        server.state.withLock { unsafe $0.dismiss(number) }
        leave()
    }

    /// Whether it was cut short because a drain's time was over. The drain ends the channel as well, but may come later.
    private var hasDrained: Bool { Task.isCancelled && server.state.withLock { $0.givesUp } }

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
    /// Whether a handler failed because its client let a limit of time pass.
    fileprivate func isGivenUp(with error: any Error) -> Bool {
        guard let error = error as? SocketError, error.code == .timedOut else { return false }
        return withDescriptor { error.givesUpPeer(of: $0) } ?? false
    }

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
