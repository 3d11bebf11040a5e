internal import Glibc
internal import MinatoSocket

/// What is known of a datagram that a task handles, and how a reply is sent. One object, since it is handed from task to task.
final class DatagramArrival: Sendable {
    /// How a reply is sent.
    enum Way: Sendable {
        case port(DatagramPort, EventLoop, source: PacketInfo?)
        case closure(@Sendable (_ bytes: [UInt8], _ receiver: SocketAddress) async throws(SocketError) -> Void)
    }

    let datagram: Datagram
    let localAddress: SocketAddress?
    let way: Way

    init(_ datagram: Datagram, _ localAddress: SocketAddress?, _ way: Way) {
        self.datagram = datagram
        self.localAddress = localAddress
        self.way = way
    }

    /// Sends a reply without waiting: 0 or more, or `-errno`. `-EAGAIN` when somebody else is to be asked.
    @inline(never)
    func sendAtOnce(_ bytes: [UInt8]) -> Int64 {
        let receiver = datagram.sender
        // One without a name on a Unix socket, and the address of a peer that has none at all.
        if receiver.port == nil, receiver == SocketAddress() || receiver.isUnnamed { return -Int64(ENOTCONN) }
        guard case .port(let port, _, let source) = way else { return -Int64(EAGAIN) }
        return unsafe bytes.withUnsafeBytes { unsafe port.sendOnce($0, to: receiver, from: source) }
    }

    /// What follows when it was not sent at once.
    nonisolated(nonsending) func goOn(sending bytes: [UInt8], after result: Int64) async throws(SocketError) {
        switch way {
        case .port(let port, let loop, let source):
            guard result == -Int64(EAGAIN) || result == -Int64(EINTR) else {
                throw port.failure(.init(result: result), datagram.sender, subject: subject(result))
            }
            try await port.send(bytes, to: datagram.sender, from: source, on: loop)
        case .closure(let send):
            guard result == -Int64(EAGAIN) else {
                throw SocketError(.send, .init(result: result), subject: subject(result))
            }
            try await send(bytes, datagram.sender)
        }
    }

    private func subject(_ result: Int64) -> String? {
        result == -Int64(ENOTCONN) ? "reply to a sender without an address" : nil
    }
}
