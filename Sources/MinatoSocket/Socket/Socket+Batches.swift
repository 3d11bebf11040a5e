internal import CMinato
internal import Glibc

/// A datagram to send as one of many.
public struct OutgoingDatagram: Hashable, Sendable {
    /// What to send; none make an empty datagram.
    public let bytes: [UInt8]
    /// Where to; nil stands for the connected peer.
    public let destination: SocketAddress?

    /// A datagram to an address. `destination` nil, the default: the connected peer.
    public init(_ bytes: [UInt8], to destination: SocketAddress? = nil) {
        self.bytes = bytes
        self.destination = destination
    }
}

// Many datagrams with one system call.

extension Socket {
    /// Sends datagrams in their order, up to 64 with one system call.
    ///
    /// Waits, for at most ``timeout`` as a whole, until the kernel takes them.
    ///
    /// - Returns: how many were sent. Fewer than there are when one failed or the time was over after some had gone: send
    ///   the rest again, and the error comes up if it still holds. 0 only for none.
    /// - Throws: the error of the first datagram, as ``send(_:to:flags:)-(Span<UInt8>,_,_)``; none was sent then.
    ///   `.notSupported` for a stream socket.
    ///
    /// C: `minato_message_send_batch`. See sendmmsg(2).
    @discardableResult
    public func sendBatch(_ datagrams: [OutgoingDatagram], flags: Flags = []) throws(SocketError) -> Int {
        try checkKeepsBoundaries(.send)
        let deadline = deadline
        var sent = 0
        while sent < datagrams.count {
            let part = datagrams[sent...].prefix(Int(MINATO_BATCH_MAX))
            var batch: [minato_datagram] = unsafe []
            unsafe batch.reserveCapacity(part.count)
            let result = unsafe withBatch(of: part, collected: &batch) { batch, count in
                uninterrupted {
                    unsafe minato_message_send_batch(descriptor, batch, count, flags.rawValue, deadline)
                }
            }
            guard result > 0 else {
                if sent > 0 { return sent }
                throw failure(.send, result, remote: datagrams[sent].destination)
            }
            sent += Int(result)
        }
        return sent
    }

    /// Calls `body` with the bytes of all datagrams pinned in memory, one by each level of the recursion.
    private func withBatch(
        of datagrams: ArraySlice<OutgoingDatagram>, collected: inout [minato_datagram],
        _ body: (UnsafeMutablePointer<minato_datagram>, Int) -> Int32
    ) -> Int32 {
        guard let first = datagrams.first else {
            return unsafe collected.withUnsafeMutableBufferPointer { batch in
                guard let start = batch.baseAddress else { return 0 }
                return unsafe body(start, batch.count)
            }
        }
        return unsafe first.bytes.withUnsafeBytes { bytes in
            var datagram = unsafe minato_datagram()
            unsafe datagram.buffer.base = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
            unsafe datagram.buffer.length = bytes.count
            unsafe datagram.address = (first.destination ?? SocketAddress()).storage
            unsafe collected.append(datagram)
            return unsafe withBatch(of: datagrams.dropFirst(), collected: &collected, body)
        }
    }

    /// Waits for a datagram, and receives with one system call all that are there by then.
    ///
    /// - Parameters:
    ///   - count: the most datagrams to receive; never more than 64 come. 0 gives none without waiting.
    ///   - size: the most bytes to keep of each. Default: 65,535, which every UDP datagram fits; memory for `count` times
    ///     `size` is set aside for the time of the call.
    ///   - flags: as for ``receive(atMost:flags:)``. Default: none.
    /// - Returns: at least one datagram, in the order of their arrival, empty ones too; ``Datagram/isTruncated`` when `size`
    ///   was too small for one.
    /// - Throws: as ``receiveFrom(atMost:flags:)``; `.invalidArgument` for a negative count or size; `.notSupported` for a
    ///   stream socket.
    ///
    /// C: `minato_message_receive_batch`. See recvmmsg(2).
    public func receiveBatch(
        atMost count: Int, size: Int = 65_535, flags: Flags = []
    ) throws(SocketError) -> [Datagram] {
        try checkKeepsBoundaries(.receive)
        try checkCount(count)
        try checkCount(size)
        let places = min(count, Int(MINATO_BATCH_MAX))
        if places == 0 { return [] }
        // No datagram is as long as that.
        let size = min(size, 1 << 24)
        let deadline = deadline
        var datagrams: [Datagram] = []
        let result = unsafe withUnsafeTemporaryAllocation(byteCount: places * size + 1, alignment: 1) { memory in
            guard let start = memory.baseAddress else { return -EINVAL }
            var batch = unsafe [minato_datagram](repeating: minato_datagram(), count: places)
            for place in 0..<places {
                unsafe batch[place].buffer.base = start + place * size
                unsafe batch[place].buffer.length = size
            }
            let result = uninterrupted {
                unsafe minato_message_receive_batch(descriptor, &batch, places, flags.rawValue, deadline)
            }
            datagrams.reserveCapacity(max(Int(result), 0))
            for place in 0..<max(Int(result), 0) {
                let received = unsafe batch[place]
                let kept = unsafe min(received.length, size)
                let bytes = unsafe Array(UnsafeRawBufferPointer(start: received.buffer.base, count: kept))
                let sender = unsafe SocketAddress(storage: received.address)
                unsafe datagrams.append(Datagram(bytes: bytes, sender: sender, length: received.length))
            }
            return result
        }
        guard result >= 0 else { throw failure(.receive, result) }
        return datagrams
    }

    /// A stream has no datagrams. TCP would throw bytes away where a datagram's length is asked for: see tcp(7), MSG_TRUNC.
    private func checkKeepsBoundaries(_ operation: SocketError.Operation) throws(SocketError) {
        guard kind != .stream else { throw failure(operation, -EOPNOTSUPP) }
    }
}
