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
    }

    deinit {
        unsafe outputMemory.deinitialize(count: 1)
        unsafe outputMemory.deallocate()
    }

    /// Takes over a connection.
    func start(_ descriptor: Int32, _ client: SocketAddress) {
        let family = server.address.family
        let socket = Socket(owning: descriptor, family: family, kind: .stream, protocolNumber: 0)
        if let verify = server.hooks.verify, !verify(socket, client) { return share.leave() }
        let responder: any StreamResponder
        do { responder = try make(client) } catch {
            server.hooks.report(error, client)
            return share.leave()
        }
        let connection = ResponderConnection(self, socket, responder, server.hooks.wantsClient ? client : nil)
        guard let number = server.state.withLock({ $0.admit(.told(connection)) }) else {
            return connection.refuse()
        }
        connection.begin(number)
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
