internal import CMinato
@_spi(Loops) internal import MinatoSocket

/// The responders of a server on one loop: what they share. Used on the loop's thread only.
@safe
final class ResponderShare: @unchecked Sendable {
    let server: StreamServer
    let share: LoopShare
    let make: @Sendable (SocketAddress) throws -> any StreamResponder

    let core: LoopCore
    let hasEdges: Bool
    /// The loop's, to receive into.
    private(set) lazy var memory = unsafe core.scratchMemory

    /// The answer that is being made; sent, or copied to where it waits, before the next one.
    private let outputMemory: UnsafeMutablePointer<ResponderOutput>
    var output: ResponderOutput {
        _read { yield unsafe outputMemory.pointee }
        _modify { yield unsafe &outputMemory.pointee }
    }

    /// Nothing more is taken: what has nothing left to send is closed.
    private(set) var isDraining = false
    private var connections: [ResponderConnection] = []

    let idle: Int64
    let firstByte: Int64
    let write: Int64
    /// How long a client may go on sending to a connection that its responder has ended.
    let lingering: Int64

    /// How long a client has for its first byte, less when no others are taken.
    var firstByteOrGrace: Int64 {
        guard isDraining else { return firstByte }
        let grace = server.drainGrace.nanosecondsRoundedUp
        return firstByte < 0 ? grace : min(firstByte, grace)
    }

    init(
        _ server: StreamServer, _ share: LoopShare,
        _ make: @escaping @Sendable (SocketAddress) throws -> any StreamResponder
    ) {
        self.server = server
        self.share = share
        self.make = make
        core = share.loop.core
        hasEdges = core.hasEdges
        unsafe outputMemory = .allocate(capacity: 1)
        unsafe outputMemory.initialize(to: ResponderOutput(capacity: LoopCore.scratchSize))
        idle = server.limits.idleNanoseconds
        firstByte = server.limits.firstByteNanoseconds
        write = server.limits.writeNanoseconds
        lingering = write < 0 ? 2_000_000_000 : min(write, 2_000_000_000)
    }

    deinit {
        unsafe outputMemory.deinitialize(count: 1)
        unsafe outputMemory.deallocate()
    }

    /// Takes over a connection, for which there is a place.
    func start(_ descriptor: Int32, _ client: SocketAddress) {
        let connection: ResponderConnection
        do {
            guard let made = try makeConnection(descriptor, client) else { return drop(descriptor) }
            connection = made
        } catch {
            server.hooks.report(error, client)
            return drop(descriptor)
        }
        guard let number = server.state.withLock({ $0.enterPlace(.told(connection)) }) else {
            minato_socket_close(descriptor)
            share.leave()
            return server.state.announce()
        }
        connection.begin(number)
    }

    /// Nil when the hook does not want it.
    private func makeConnection(_ descriptor: Int32, _ client: SocketAddress) throws -> ResponderConnection? {
        let known = server.hooks.wantsClient ? ResponderClient(client) : nil
        guard server.hooks.proxyProtocol == .off else {
            let arrival = ProxiedArrival(descriptor, client, known)
            let responder = ProxiedResponder(self, arrival)
            return ResponderConnection(self, descriptor, responder, known, arrival)
        }
        guard allows(descriptor, client) else { return nil }
        return ResponderConnection(self, descriptor, try make(client), known, nil)
    }

    /// Asks the hook, which wants a socket.
    func allows(_ descriptor: Int32, _ client: SocketAddress) -> Bool {
        guard let verify = server.hooks.verify else { return true }
        let socket = Socket(owning: descriptor, family: server.address.family, kind: .stream, protocolNumber: 0)
        let isAllowed = verify(socket, client)
        _ = socket.release()
        return isAllowed
    }

    private func drop(_ descriptor: Int32) {
        minato_socket_close(descriptor)
        share.leave()
        server.state.withLock { $0.dropPlace() }
        server.state.announce()
    }

    func add(_ connection: ResponderConnection) {
        connection.index = connections.count
        connections.append(connection)
    }

    /// The connection is closed.
    func remove(_ connection: ResponderConnection, _ number: UInt64) {
        let last = connections.removeLast()
        if last !== connection {
            last.index = connection.index
            connections[connection.index] = last
        }
        share.leave()
        server.state.withLock { $0.dismiss(number) }
        server.state.announce()
    }

    /// Closes what is silent, and lets the rest send what it has to.
    func drain() {
        isDraining = true
        for connection in connections { connection.drain() }
    }
}
