extension Socket {
    /// Passes descriptors to the process at the other end of a Unix socket.
    ///
    /// The receiver gets copies; these stay the caller's, and can be closed afterwards.
    ///
    /// - Parameters:
    ///   - descriptors: 1 to 253 open descriptors.
    ///   - bytes: what goes with them, on a stream at least one byte. Default: one byte, 0.
    ///   - address: where a datagram goes to. Default: the connected peer.
    ///   - flags: as for ``send(_:flags:)-(Span<UInt8>,_)``. Default: none.
    /// - Returns: how many of the bytes the kernel took; the descriptors went with the first.
    /// - Throws: as ``sendMessage(_:ancillary:to:flags:)-([[UInt8]],_,_,_)``.
    ///
    /// C: `minato_control_append_descriptors`. Python: `socket.send_fds`. See unix(7), SCM_RIGHTS.
    @discardableResult
    public func send(
        descriptors: [Int32], with bytes: [UInt8] = [0], to address: SocketAddress? = nil, flags: Flags = []
    ) throws(SocketError) -> Int {
        try sendMessage(bytes.span, ancillary: [.descriptors(descriptors)], to: address, flags: flags)
    }

    /// Receives descriptors that another process passes, and waits for a message when none is there.
    ///
    ///     let message = try socket.receiveDescriptors(atMost: 1)
    ///     if let descriptor = message.descriptors.first?.take() { ... }     // ours to close
    ///
    /// - Parameters:
    ///   - maximum: the most descriptors to take, 0 or more; the kernel closes those above.
    ///   - count: the most bytes to receive with them. Default: 1,024.
    ///   - flags: as for ``receive(atMost:flags:)``. Default: none.
    /// - Returns: the message, with ``ReceivedMessage/descriptors``; ``ReceivedMessage/isAncillaryTruncated`` when there were
    ///   more. No bytes at the end of a stream.
    /// - Throws: as ``receiveMessage(atMost:ancillaryCapacity:flags:)``. Not thrown: an error for a message without any.
    ///
    /// C: `minato_control_descriptors`. Python: `socket.recv_fds`. See unix(7), SCM_RIGHTS.
    public func receiveDescriptors(
        atMost maximum: Int, bytes count: Int = 1024, flags: Flags = []
    ) throws(SocketError) -> ReceivedMessage {
        try checkCount(maximum)
        return try receiveMessage(
            atMost: count, ancillaryCapacity: Self.ancillaryCapacity(descriptors: maximum), flags: flags)
    }

    /// The memory for ancillary data that takes so many descriptors and no more.
    static func ancillaryCapacity(descriptors maximum: Int) -> Int {
        // Without the padding, in which the kernel would put one more.
        maximum == 0 ? 0 : AncillaryData.length(min(maximum, mostDescriptors) * MemoryLayout<Int32>.size)
    }

    /// SCM_MAX_FD. See unix(7).
    private static var mostDescriptors: Int { 253 }
}
