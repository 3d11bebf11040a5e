internal import CMinato
internal import Glibc
internal import MinatoSocket

/// A server's socket as one loop's replies leave through it: in a descriptor of its own, which lives as long as somebody
/// may reply, whatever becomes of the server.
final class DatagramPort: Sendable {
    let socket: Socket
    let server: SocketAddress
    /// How long a reply may wait, in nanoseconds; negative: for ever.
    let limit: Int64

    /// Nil when the server has been stopped already.
    init?(_ share: LoopShare, of server: DatagramServer) throws(SocketError) {
        guard let result = share.acceptor.withDescriptor(minato_socket_duplicate) else { return nil }
        let address = server.address
        guard result >= 0 else { throw SocketError(.duplicate, .init(result: result), local: address) }
        socket = Socket(owning: result, family: address.family, kind: .datagram, protocolNumber: 0)
        self.server = address
        limit = server.limits.writeNanoseconds
    }

    var isUnix: Bool { server.family == .unix }

    /// Whether it has one peer only, of whose refusals it is told.
    var isConnected: Bool {
        (try? socket.peerAddress) != nil
    }

    /// Whether replies are sent together. Not where single ones meet errors of their own: on a Unix socket, and where the only
    /// peer can refuse them.
    var sendsTogether: Bool { !isUnix && !isConnected }

    /// Sends a datagram without waiting: 0 or more, or `-errno`.
    func sendOnce(_ bytes: UnsafeRawBufferPointer, to receiver: SocketAddress, from source: PacketInfo?) -> Int64 {
        var nothing: UInt8 = 0
        return unsafe withUnsafeBytes(of: &nothing) { spare in
            guard let start = unsafe bytes.baseAddress ?? spare.baseAddress else { return -Int64(EINVAL) }
            var address = receiver.address
            guard let source else {
                return unsafe minato_socket_send_to(
                    socket.descriptor, start, bytes.count, 0, &address, Int64(MINATO_NO_WAIT))
            }
            var info = minato_packet_info(address: source.address.address, interface_index: source.interfaceIndex)
            var buffer = unsafe minato_buffer(base: UnsafeMutableRawPointer(mutating: start), length: bytes.count)
            return unsafe withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { memory in
                var control = unsafe minato_control(bytes: memory.baseAddress, capacity: memory.count, length: 0)
                let result = unsafe minato_control_append_packet_info(&control, &info)
                guard result >= 0 else { return Int64(result) }
                return unsafe minato_message_send(
                    socket.descriptor, &buffer, 1, &address, &control, 0, Int64(MINATO_NO_WAIT))
            }
        }
    }

    /// Sends a datagram, and waits for room: a full queue of a Unix socket tells nobody when it has some.
    nonisolated(nonsending) func send(
        _ bytes: [UInt8], to receiver: SocketAddress, from source: PacketInfo?, on loop: EventLoop
    ) async throws(SocketError) {
        var end: Deadline?
        var pause = GrowingPause()
        while true {
            let result = unsafe bytes.withUnsafeBytes { unsafe sendOnce($0, to: receiver, from: source) }
            if result >= 0 { return }
            if result == -Int64(EINTR) { continue }
            guard result == -Int64(EAGAIN) else { throw failure(.init(result: result), receiver) }
            let limit = end ?? (limit < 0 ? Deadline.none : .after(nanoseconds: limit))
            end = limit
            guard !limit.hasPassed else { throw failure(.timedOut, receiver) }
            do throws(SocketError) {
                try await loop.sleep(until: min(limit, pause.next()))
            } catch {
                throw failure(error.code, receiver)
            }
        }
    }

    func failure(_ code: SocketError.Code, _ receiver: SocketAddress, subject: String? = nil) -> SocketError {
        SocketError(
            .send, code, network: isUnix ? "unixgram" : "udp", local: server, remote: receiver, subject: subject)
    }
}
