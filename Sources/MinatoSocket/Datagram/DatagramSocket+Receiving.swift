internal import CMinato
internal import Glibc

extension DatagramSocket {
    /// Waits for a datagram and takes it.
    ///
    /// Cancelling the task ends the wait; no datagram is lost by it.
    ///
    /// - Parameters:
    ///   - count: the most to keep of it, in bytes. Default: 65,535, which every UDP datagram fits.
    ///   - timeout: how long to wait at most. Default: nil, for ever. Zero takes a datagram only if one is there.
    ///   - deadline: until when to wait at most; the earlier of both counts. Default: none.
    /// - Returns: the datagram, an empty one too; ``Datagram/isTruncated`` when `count` was too small.
    /// - Throws: `.timedOut`, `.cancelled`, `.closed`; `.busy` when another task is receiving; `.connectionRefused` and
    ///   other reports about what a connected socket has sent (go on after these); `.invalidArgument` for a negative
    ///   count. Not thrown: an error for an empty datagram, or for one that was cut.
    ///
    /// C: `minato_socket_receive_from`. Python: `recvfrom`. See recvfrom(2).
    public nonisolated(nonsending) func receive(
        atMost count: Int = 65_535, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> Datagram {
        try check(count, "count")
        // No datagram is as long as that.
        let size = min(count, 1 << 24)
        var bytes: [UInt8] = []
        var sender = SocketAddress()
        let length = try await channel.perform(.reading, timeout, deadline, Listener.noTimeout) { descriptor in
            channel.receiveDatagram(descriptor, atMost: size, into: &bytes, from: &sender)
        }
        channel.finish(.reading, isReady: true)
        return Datagram(bytes: bytes, sender: sender, length: Int(length))
    }

    /// Waits for a datagram and takes it into memory of the caller's: for those who count allocations.
    ///
    /// - Parameters:
    ///   - buffer: where its bytes go, from the start on. Bytes behind them are left as they are.
    ///   - sender: receives the sender's address.
    ///   - timeout: how long to wait at most. Default: nil, for ever.
    ///   - deadline: until when to wait at most; the earlier of both counts. Default: none.
    /// - Returns: the datagram's true length: more than `buffer` has room for when it was cut.
    /// - Throws: as ``receive(atMost:timeout:deadline:)``; `buffer` and `sender` stay as they were then.
    ///
    /// C: `minato_socket_receive_from`. Python: `recvfrom_into`. See recvfrom(2).
    public nonisolated(nonsending) func receive(
        into buffer: inout MutableSpan<UInt8>, sender: inout SocketAddress, timeout: Duration? = nil,
        deadline: Deadline = .none
    ) async throws(SocketError) -> Int {
        var address = SocketAddress()
        let length = try await channel.perform(.reading, timeout, deadline, Listener.noTimeout) { descriptor in
            unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe Channel.receiveDatagram(descriptor, bytes, from: &address)
            }
        }
        channel.finish(.reading, isReady: true)
        sender = address
        return Int(length)
    }

    /// Waits for a datagram and takes it into memory of the caller's, whoever has sent it.
    ///
    /// As ``receive(into:sender:timeout:deadline:)``: for connected sockets.
    ///
    /// C: `minato_socket_receive`. Python: `recv_into`. See recv(2).
    public nonisolated(nonsending) func receive(
        into buffer: inout MutableSpan<UInt8>, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> Int {
        var sender = SocketAddress()
        return try await receive(into: &buffer, sender: &sender, timeout: timeout, deadline: deadline)
    }

    /// Waits for a datagram, and takes with one system call all that are there by then.
    ///
    /// - Parameters:
    ///   - count: the most datagrams to take; never more than 64 come. 0 gives none without waiting.
    ///   - size: the most bytes to keep of each. Default: 65,535, which every UDP datagram fits; memory for `count` times
    ///     `size` is set aside for the time of the call.
    ///   - timeout: how long to wait at most. Default: nil, for ever.
    ///   - deadline: until when to wait at most; the earlier of both counts. Default: none.
    /// - Returns: at least one datagram, in the order of their arrival, empty ones too.
    /// - Throws: as ``receive(atMost:timeout:deadline:)``.
    ///
    /// C: `minato_message_receive_batch`. See recvmmsg(2).
    public nonisolated(nonsending) func receiveBatch(
        atMost count: Int = 64, size: Int = 65_535, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> [Datagram] {
        try check(count, "count")
        try check(size, "size")
        if count == 0 { return [] }
        return try await channel.perform(.reading, timeout, deadline) { (socket) throws(SocketError) in
            try socket.receiveBatch(atMost: count, size: size)
        }
    }

    /// Waits for a datagram and takes it with the ancillary data beside it.
    ///
    /// Where it came to is told in ``ReceivedMessage/packetInfo`` when the socket has set `SocketOption.ipv4PacketInfo` or
    /// `ipv6PacketInfo`, for which `AncillaryData.space(32)` bytes are enough.
    ///
    /// - Parameters:
    ///   - count: the most to keep of it, in bytes. Default: 65,535.
    ///   - ancillaryCapacity: bytes of memory for ancillary data: the sum of ``AncillaryData/space(_:)`` over what is
    ///     expected. Default: 0; the kernel drops what comes, and closes descriptors.
    ///   - timeout: how long to wait at most. Default: nil, for ever.
    ///   - deadline: until when to wait at most; the earlier of both counts. Default: none.
    /// - Returns: the message.
    /// - Throws: as ``receive(atMost:timeout:deadline:)``; `.invalidArgument` for a negative capacity. Not thrown: an error
    ///   for a message or ancillary data that was cut, see ``ReceivedMessage/flags``.
    ///
    /// C: `minato_message_receive`. Python: `recvmsg`. See recvmsg(2).
    public nonisolated(nonsending) func receiveMessage(
        atMost count: Int = 65_535, ancillaryCapacity: Int = 0, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> ReceivedMessage {
        try check(count, "count")
        let size = min(count, 1 << 24)
        return try await channel.perform(.reading, timeout, deadline) { (socket) throws(SocketError) in
            try socket.receiveMessage(atMost: size, ancillaryCapacity: ancillaryCapacity)
        }
    }

    private func check(_ number: Int, _ name: String) throws(SocketError) {
        guard number >= 0 else {
            throw SocketError(
                .receive, .invalidArgument, network: Socket.networkName(channel.family, channel.kind),
                subject: "\(name) \(number)")
        }
    }
}

extension Channel {
    /// One receive, into the loop's memory if possible, so that the array is no larger than what came. The true length.
    fileprivate func receiveDatagram(
        _ descriptor: Int32, atMost size: Int, into bytes: inout [UInt8], from sender: inout SocketAddress
    ) -> Int64 {
        if isOnLoop, size <= LoopCore.scratchSize {
            let memory = unsafe UnsafeMutableRawBufferPointer(start: loop.core.scratchMemory, count: size)
            let result = unsafe Self.receiveDatagram(descriptor, memory, from: &sender)
            bytes = unsafe [UInt8](memory.prefix(max(0, Int(result))))
            return result
        }
        var result: Int64 = 0
        // An array without capacity is the one that all empty arrays are, into which the initializer writes its count.
        bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(size, 1)) { buffer, count in
            let memory = unsafe UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: size)
            result = unsafe Self.receiveDatagram(descriptor, memory, from: &sender)
            count = min(size, max(0, Int(result)))
        }
        return result
    }

    fileprivate static func receiveDatagram(
        _ descriptor: Int32, _ memory: UnsafeMutableRawBufferPointer, from sender: inout SocketAddress
    ) -> Int64 {
        // The C layer takes no NULL, which no memory at all would be.
        var dummy: UInt64 = 0
        return unsafe withUnsafeMutableBytes(of: &dummy) { spare in
            guard let base = unsafe memory.baseAddress ?? spare.baseAddress else { return -Int64(EINVAL) }
            return unsafe minato_socket_receive_from(
                descriptor, base, memory.count, Socket.Flags.truncated.rawValue, &sender.storage, Int64(MINATO_NO_WAIT))
        }
    }
}
