internal import CMinato
internal import Glibc

extension DatagramSocket {
    /// Sends one datagram to an address, and waits until the kernel takes it.
    ///
    /// It goes whole or not at all; after a cancellation or a timeout it has not gone. UDP hardly ever waits: what the
    /// network or the receiver has no room for is lost, here or there. A Unix datagram waits until its receiver has room.
    /// For a receiver that is named with each datagram the kernel does not tell when that is: it is tried again after 1 ms,
    /// then after pauses that grow up to 50 ms. A connected socket is told.
    ///
    /// - Parameters:
    ///   - bytes: what to send; none make an empty datagram.
    ///   - address: where to.
    ///   - timeout: how long to wait at most. Default: nil, for ever.
    ///   - deadline: until when to wait at most; the earlier of both counts. Default: none.
    /// - Throws: `.messageTooLong` above 65,507 bytes for UDP over IPv4; `.networkUnreachable`, `.accessDenied`,
    ///   `.connectionRefused` (a Unix receiver that has gone, or an earlier UDP datagram of a connected socket; go on after
    ///   it), `.notFound` for a Unix path; `.timedOut`, `.cancelled`, `.closed`; `.busy` when another task is sending. Not
    ///   thrown: an error for a UDP datagram that nobody receives.
    ///
    /// C: `minato_socket_send_to`. Python: `sendto`. See sendto(2), unix(7).
    public nonisolated(nonsending) func send(
        _ bytes: borrowing Span<UInt8>, to address: SocketAddress, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) {
        try await channel.send(isNamed: channel.family == .unix, timeout, deadline, remote: address) { descriptor in
            unsafe Self.withPointer(bytes) { start, count in
                unsafe address.withPointer { address in
                    unsafe minato_socket_send_to(descriptor, start, count, 0, address, Int64(MINATO_NO_WAIT))
                }
            }
        }
    }

    /// Sends one datagram to an address: see ``send(_:to:timeout:deadline:)-(Span<UInt8>,_,_,_)``.
    public nonisolated(nonsending) func send(
        _ bytes: [UInt8], to address: SocketAddress, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) {
        try await send(bytes.span, to: address, timeout: timeout, deadline: deadline)
    }

    /// Sends one datagram to the peer that the socket is connected to, and waits until the kernel takes it.
    ///
    /// - Parameters:
    ///   - bytes: what to send; none make an empty datagram.
    ///   - timeout: how long to wait at most. Default: nil, for ever.
    ///   - deadline: until when to wait at most; the earlier of both counts. Default: none.
    /// - Throws: as ``send(_:to:timeout:deadline:)-(Span<UInt8>,_,_,_)``; `EDESTADDRREQ` or `.notConnected` without a peer.
    ///
    /// C: `minato_socket_send`. Python: `send`. See send(2).
    public nonisolated(nonsending) func send(
        _ bytes: borrowing Span<UInt8>, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) {
        try await channel.send(isNamed: false, timeout, deadline, remote: nil) { descriptor in
            unsafe Self.withPointer(bytes) { start, count in
                unsafe minato_socket_send(descriptor, start, count, 0, Int64(MINATO_NO_WAIT))
            }
        }
    }

    /// Sends one datagram to the connected peer: see ``send(_:timeout:deadline:)-(Span<UInt8>,_,_)``.
    public nonisolated(nonsending) func send(
        _ bytes: [UInt8], timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) {
        try await send(bytes.span, timeout: timeout, deadline: deadline)
    }

    /// Sends datagrams in their order, up to 64 with one system call (Unix datagrams that name a receiver: one).
    ///
    /// - Parameters:
    ///   - datagrams: what to send, and where to.
    ///   - timeout: how long to wait at most for all of them. Default: nil, for ever.
    ///   - deadline: until when to wait at most; the earlier of both counts. Default: none.
    /// - Returns: how many were sent. Fewer than there are when one failed, or the time was over, the task cancelled or the
    ///   socket closed, after some had gone: send the rest again, and the error comes up if it still holds. 0 only for none.
    /// - Throws: the error of the first datagram, as ``send(_:to:timeout:deadline:)-(Span<UInt8>,_,_,_)``; none was sent then.
    ///
    /// C: `minato_message_send_batch`. See sendmmsg(2).
    @discardableResult
    public nonisolated(nonsending) func sendBatch(
        _ datagrams: [OutgoingDatagram], timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> Int {
        if datagrams.isEmpty { return 0 }
        let isNamed = channel.family == .unix && datagrams.contains { $0.destination != nil }
        var sent = 0
        var failure: SocketError?
        do throws(SocketError) {
            try await channel.send(isNamed: isNamed, timeout, deadline, remote: nil) { descriptor in
                while sent < datagrams.count {
                    let rest = sent == 0 ? datagrams : Array(datagrams[sent...])
                    switch channel.borrow(descriptor, { (socket) throws(SocketError) in try socket.sendBatch(rest) }) {
                    case .success(let count): sent += count
                    case .failure(let error) where error.code == .wouldBlock: return -Int64(EAGAIN)
                    case .failure(let error):
                        failure = error
                        return 0
                    }
                }
                return 0
            }
        } catch {
            failure = error
        }
        if sent == 0, let failure { throw failure }
        return sent
    }

    /// Sends one datagram gathered from pieces, with ancillary data beside it.
    ///
    /// Waits as ``send(_:to:timeout:deadline:)-(Span<UInt8>,_,_,_)`` does. `AncillaryData.packetInfo` says which local
    /// address it shall leave from.
    ///
    /// - Parameters:
    ///   - pieces: at most 1,024; none make an empty datagram.
    ///   - ancillary: items of ancillary data. Default: none.
    ///   - address: where to. Default: the connected peer.
    ///   - timeout: how long to wait at most. Default: nil, for ever.
    ///   - deadline: until when to wait at most; the earlier of both counts. Default: none.
    /// - Throws: as ``send(_:to:timeout:deadline:)-(Span<UInt8>,_,_,_)``; as ``Socket/sendMessage(_:ancillary:to:flags:)-([[UInt8]],_,_,_)``
    ///   for the ancillary data.
    ///
    /// C: `minato_message_send`. Python: `sendmsg`. See sendmsg(2).
    public nonisolated(nonsending) func sendMessage(
        _ pieces: [[UInt8]], ancillary: [AncillaryData] = [], to address: SocketAddress? = nil,
        timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) {
        var failure: SocketError?
        let isNamed = channel.family == .unix && address != nil
        try await channel.send(isNamed: isNamed, timeout, deadline, remote: address) { descriptor in
            let outcome = channel.borrow(descriptor) { (socket) throws(SocketError) in
                try socket.sendMessage(pieces, ancillary: ancillary, to: address)
            }
            guard case .failure(let error) = outcome else { return 0 }
            if error.code == .wouldBlock { return -Int64(EAGAIN) }
            failure = error
            return 0
        }
        if let failure { throw failure }
    }

    /// The bytes as C takes them, which knows no NULL.
    private static func withPointer(
        _ bytes: borrowing Span<UInt8>, _ body: (UnsafeRawPointer, Int) -> Int64
    ) -> Int64 {
        var nothing: UInt8 = 0
        return unsafe withUnsafeBytes(of: &nothing) { spare in
            unsafe bytes.withUnsafeBytes { bytes in
                guard let start = unsafe bytes.baseAddress ?? spare.baseAddress else { return 0 }
                return unsafe body(start, bytes.count)
            }
        }
    }
}
