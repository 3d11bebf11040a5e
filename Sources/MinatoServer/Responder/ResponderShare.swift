internal import CMinato
@_spi(Loops) internal import MinatoLoop
internal import MinatoSocket

/// The responders of a server on one loop: what they share. Used on the loop's thread only.
@safe
final class ResponderShare: @unchecked Sendable {
    let server: StreamServer
    let share: LoopShare
    private let kind: ResponderKind
    private let make: Make
    typealias Make = @Sendable (_ client: SocketAddress, _ place: UnsafeMutableRawPointer) throws -> Void

    let core: LoopCore
    private let clock: UnsafeMutablePointer<Int64>

    /// The answer that is being made; sent, or copied to where it waits, before the next one is received.
    private let outputMemory: UnsafeMutablePointer<ResponderOutput>
    var output: ResponderOutput {
        _read { yield unsafe outputMemory.pointee }
        _modify { yield unsafe &outputMemory.pointee }
    }

    /// Nothing more is taken: what has nothing left to send is closed.
    private(set) var isDraining = false
    @exclusivity(unchecked) private var connections: [ResponderConnection] = []

    /// So much time is all the time there is; added to any time it does not overflow.
    static let never = Int64.max / 2

    /// The loop's time, as `LoopCore.now` has it.
    @inline(__always)
    var now: Int64 {
        let now = unsafe clock.pointee
        return now == 0 ? core.now : now
    }

    var isUnix: Bool { server.address.family == .unix }

    // In nanoseconds.
    let idle: Int64
    let firstByte: Int64
    let write: Int64
    /// How long a client may go on sending to a connection that its responder has ended.
    let lingering: Int64

    /// How long a client has for its first byte, less when no others are taken.
    var firstByteOrGrace: Int64 {
        guard isDraining else { return firstByte }
        let grace = server.drainGrace.nanosecondsRoundedUp
        return min(firstByte, grace)
    }

    init(_ server: StreamServer, _ share: LoopShare, _ kind: ResponderKind, _ make: @escaping Make) {
        self.server = server
        self.share = share
        self.kind = kind
        unsafe self.make = unsafe make
        core = share.loop.core
        unsafe clock = core.clock
        unsafe outputMemory = .allocate(capacity: 1)
        unsafe outputMemory.initialize(to: ResponderOutput.serving())
        let limits = server.limits
        idle = Self.time(limits.idleNanoseconds)
        firstByte = Self.time(limits.firstByteNanoseconds)
        write = Self.time(limits.writeNanoseconds)
        lingering = min(write, 2_000_000_000)
        for limit in [idle, firstByte, write] where limit < Self.never { core.counts(limit) }
    }

    /// A time of the limits, in which a negative one is all there is.
    private static func time(_ nanoseconds: Int64) -> Int64 { nanoseconds < 0 ? never : min(nanoseconds, never) }

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
            let responder = unsafe try AnyStreamResponder(.proxied) { place in
                unsafe place.initializeMemory(as: ProxiedResponder.self, to: ProxiedResponder(self, arrival))
            }
            return ResponderConnection(self, descriptor, responder, known, arrival)
        }
        guard allows(descriptor, client) else { return nil }
        return ResponderConnection(self, descriptor, try makeResponder(client), known, nil)
    }

    func makeResponder(_ client: SocketAddress) throws -> AnyStreamResponder {
        unsafe try AnyStreamResponder(kind) { place in unsafe try make(client, place) }
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
        server.state.change { $0.dropPlace() }
    }

    func add(_ connection: ResponderConnection) {
        unsafe connection.index = connections.count
        unsafe connections.append(connection)
    }

    /// The connection is closed.
    func remove(_ connection: ResponderConnection, _ number: UInt64) {
        let last = unsafe connections.removeLast()
        if last !== connection {
            unsafe last.index = connection.index
            unsafe connections[connection.index] = last
        }
        share.leave()
        server.state.change { $0.dismiss(number) }
    }

    /// Closes what is silent, and lets the rest send what it has to.
    func drain() {
        isDraining = true
        for connection in unsafe connections { connection.drain() }
    }
}
