internal import CMinato
internal import Glibc
internal import MinatoSocket

/// What is known of a datagram that a task handles, and how a reply is sent. One object, since it is handed from function to
/// function, and used again for the next datagram when its handler has kept nothing of it.
@safe
@usableFromInline
final class DatagramArrival: @unchecked Sendable {
    typealias Send = @Sendable (_ bytes: [UInt8], _ receiver: SocketAddress) async throws(SocketError) -> Void

    /// How a reply is sent: by the one or the other.
    let service: HandlerDatagramService?
    private let send: Send?
    /// The service once more, for what is done for each datagram: without counting references.
    private let unmanaged: Unmanaged<HandlerDatagramService>?

    // Not checked for exclusive access: changed only while nobody else has the object.
    @exclusivity(unchecked) private var content: [UInt8] = []
    @exclusivity(unchecked) private var address = SocketAddress()
    @exclusivity(unchecked) private var size = 0
    @exclusivity(unchecked) private var asked: SocketAddress?
    @exclusivity(unchecked) private var origin: PacketInfo?
    /// The sender's port, negative for an address that has none.
    @exclusivity(unchecked) private var port: Int32 = -1

    /// For datagrams that are taken from a batch.
    init(_ service: HandlerDatagramService, _ localAddress: SocketAddress?) {
        self.service = service
        unsafe unmanaged = .passUnretained(service)
        send = nil
        unsafe asked = localAddress
    }

    /// One, without a server.
    init(_ datagram: Datagram, _ localAddress: SocketAddress?, _ send: @escaping Send) {
        service = nil
        unsafe unmanaged = nil
        self.send = send
        unsafe content = datagram.bytes
        unsafe address = datagram.sender
        unsafe size = datagram.length
        unsafe asked = localAddress
        unsafe port = datagram.sender.port.map(Int32.init) ?? -1
    }

    var datagram: Datagram { Datagram(bytes: bytes, sender: sender, length: length) }
    var bytes: [UInt8] { unsafe content }
    var sender: SocketAddress { unsafe address }
    var length: Int { unsafe size }
    var localAddress: SocketAddress? { unsafe asked }
    var source: PacketInfo? { unsafe origin }

    /// Takes a datagram out of a batch. Whoever calls has the object alone.
    @inline(__always)
    func take(_ batch: borrowing DatagramBatch, _ place: Int) {
        let bytes = unsafe batch.bytes(place)
        // Datagrams are mostly as long as the one before. An array that somebody has kept is not written to: it is copied.
        if unsafe bytes.count == content.count {
            unsafe content.withUnsafeMutableBytes { unsafe $0.copyBytes(from: bytes) }
        } else {
            unsafe content = unsafe Array(bytes)
        }
        unsafe batch.copySender(place, to: &address)
        unsafe size = batch.length(place)
        unsafe port = batch.port(place)
    }

    /// Where it was sent to, when that is not the same for all.
    func wasAsked(at localAddress: SocketAddress?, replyingFrom source: PacketInfo?) {
        unsafe asked = localAddress
        unsafe origin = source
    }

    // MARK: - Replying

    /// Makes a reply behind the others.
    @inline(__always)
    func reply(_ bytes: UnsafeRawBufferPointer, in replies: inout ReplyBatch) {
        unsafe withUnsafeBytes(of: &address) { address in
            guard let receiver = unsafe address.assumingMemoryBound(to: minato_address.self).baseAddress else { return }
            unsafe replies.append(copying: bytes.baseAddress, bytes.count, to: receiver, from: origin)
        }
    }

    /// Whether a reply can be sent with others: to port 0 it would fail.
    var hasPort: Bool { unsafe port > 0 }

    /// Whether nothing can be sent to the sender: one without a name on a Unix socket, and the address of a peer that has none
    /// at all.
    private var isUnanswerable: Bool {
        guard unsafe port < 0 else { return false }
        return sender == SocketAddress() || sender.isUnnamed
    }

    /// Sends a reply without waiting: 0 or more, or `-errno`. `-EAGAIN` when somebody else is to be asked.
    @usableFromInline
    func sendAtOnce(_ bytes: [UInt8]) -> Int64 {
        if isUnanswerable { return -Int64(ENOTCONN) }
        guard let unmanaged = unsafe unmanaged else { return -Int64(EAGAIN) }
        return unsafe unmanaged._withUnsafeGuaranteedRef { $0.reply(bytes, to: self) }
    }

    /// What follows when it was not sent at once.
    @usableFromInline
    nonisolated(nonsending) func goOn(sending bytes: [UInt8], after result: Int64) async throws(SocketError) {
        let isToWait = result == -Int64(EAGAIN) || result == -Int64(EINTR)
        let subject = result == -Int64(ENOTCONN) ? "reply to a sender without an address" : nil
        if let service {
            guard isToWait else { throw service.port.failure(.init(result: result), sender, subject: subject) }
            try await service.port.send(bytes, to: sender, from: source, on: service.share.loop)
        } else if let send {
            guard isToWait else { throw SocketError(.send, .init(result: result), subject: subject) }
            try await send(bytes, sender)
        }
    }
}
