internal import CMinato

// Bytes with something beside them: descriptors and credentials over Unix sockets, time stamps over TCP.

extension Connection {
    /// Sends bytes with ancillary data beside the first of them, and waits until the kernel takes at least one byte.
    ///
    /// - Parameters:
    ///   - bytes: what to send, on a Unix socket at least one.
    ///   - ancillary: what goes beside them.
    ///   - timeout: as for ``write(_:timeout:deadline:)-([UInt8],_,_)``.
    ///   - deadline: as for ``write(_:timeout:deadline:)-([UInt8],_,_)``.
    /// - Returns: how many bytes the kernel took. The ancillary data went with the first: send the rest with
    ///   ``write(_:timeout:deadline:)-([UInt8],_,_)``.
    /// - Throws: `.invalidArgument` for an item that cannot be sent, and for ancillary data without a byte on a Unix socket;
    ///   `.badDescriptor` for a descriptor that is not open; `.notPermitted` for somebody else's credentials; else as
    ///   ``write(_:timeout:deadline:)-([UInt8],_,_)``.
    ///
    /// C: `minato_message_send`. Python: `sendmsg`. See sendmsg(2), unix(7).
    @discardableResult
    public nonisolated(nonsending) func sendMessage(
        _ bytes: [UInt8], ancillary: [AncillaryData], timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> Int {
        let call = MessageCall(family: channel.family, kind: channel.kind)
        var memory = try call.controlMemory(ancillary, isEmpty: bytes.isEmpty)
        if bytes.isEmpty { return 0 }
        let result = try await channel.perform(.writing, timeout, deadline, standardWriteTimeout) { descriptor in
            unsafe memory.withControl { control in
                unsafe call.withBuffers(of: [bytes]) { buffers in
                    unsafe minato_message_send(
                        descriptor, buffers.baseAddress, buffers.count, nil, control, 0, Int64(MINATO_NO_WAIT))
                }
            }
        }
        channel.finish(.writing, isReady: true)
        return Int(result)
    }

    /// Receives what is there with the ancillary data beside it, and waits for it when nothing is.
    ///
    /// Other reads drop the ancillary data of the bytes that they receive, those read ahead too: where it counts, use this
    /// one alone. Bytes that were read ahead come first, without any.
    ///
    /// - Parameters:
    ///   - count: the most bytes to receive; more than 65,536 are never received at once. Default: 65,536.
    ///   - ancillaryCapacity: bytes of memory for ancillary data: the sum of ``AncillaryData/space(_:)`` over what is
    ///     expected. The kernel drops what does not fit, and closes descriptors.
    ///   - timeout: as for ``read(atMost:timeout:deadline:)``.
    ///   - deadline: as for ``read(atMost:timeout:deadline:)``.
    /// - Returns: the message. No bytes at the end of the stream.
    /// - Throws: as ``read(atMost:timeout:deadline:)``; `.invalidArgument` for a count below 1 and for a capacity that no
    ///   kernel takes. Not thrown: an error for ancillary data that was cut, see ``ReceivedMessage/flags``.
    ///
    /// C: `minato_message_receive`. Python: `recvmsg`. See recvmsg(2).
    public nonisolated(nonsending) func receiveMessage(
        atMost count: Int = 65_536, ancillaryCapacity: Int, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> ReceivedMessage {
        guard count > 0 else { throw channel.failure(.receive, .invalidArgument, subject: "count \(count)") }
        let call = MessageCall(family: channel.family, kind: channel.kind)
        let size = try call.total(of: [min(count, LoopCore.scratchSize)], ancillaryCapacity: ancillaryCapacity)
        let isReady = try await channel.take(.reading)
        var incoming = MessageCall.Incoming(ancillaryCapacity: ancillaryCapacity)
        if !input.isEmpty {
            let bytes = takeInput(isReady) { $0.take(atMost: size) }
            return incoming.message([bytes], length: bytes.count)
        }
        var bytes: [UInt8] = []
        var limit: Deadline?
        let result = try await channel.proceed(
            .reading, isReady, &limit, timeout, deadline, standardReadTimeout
        ) { descriptor in
            unsafe channel.withMemory(size) { memory in
                guard let start = memory.baseAddress else { return 0 }
                let result = unsafe call.receive(
                    descriptor, into: start, sizes: [size], &incoming, flags: [], deadline: Int64(MINATO_NO_WAIT))
                if result > 0 { bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: Int(result))) }
                return result
            }
        }
        channel.finish(.reading, isReady: result == size || channel.current.hasEnded)
        return incoming.message([bytes], length: bytes.count)
    }

    /// Passes descriptors to the process at the other end of a Unix socket.
    ///
    /// The receiver gets copies; these stay the caller's, and can be closed afterwards.
    ///
    /// - Parameters:
    ///   - descriptors: 1 to 253 open descriptors.
    ///   - bytes: what goes with them, at least one byte. Default: one byte, 0.
    ///   - timeout: as for ``write(_:timeout:deadline:)-([UInt8],_,_)``.
    ///   - deadline: as for ``write(_:timeout:deadline:)-([UInt8],_,_)``.
    /// - Returns: how many of the bytes the kernel took; the descriptors went with the first.
    /// - Throws: as ``sendMessage(_:ancillary:timeout:deadline:)``.
    ///
    /// C: `minato_control_append_descriptors`. Python: `socket.send_fds`. See unix(7), SCM_RIGHTS.
    @discardableResult
    public nonisolated(nonsending) func send(
        descriptors: [Int32], with bytes: [UInt8] = [0], timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> Int {
        try await sendMessage(bytes, ancillary: [.descriptors(descriptors)], timeout: timeout, deadline: deadline)
    }

    /// Receives descriptors that another process passes, and waits for a message when none is there.
    ///
    /// - Parameters:
    ///   - maximum: the most descriptors to take, 0 or more; the kernel closes those above.
    ///   - count: the most bytes to receive with them. Default: 1,024.
    ///   - timeout: as for ``read(atMost:timeout:deadline:)``.
    ///   - deadline: as for ``read(atMost:timeout:deadline:)``.
    /// - Returns: the message, with ``ReceivedMessage/descriptors``; ``ReceivedMessage/isAncillaryTruncated`` when there were
    ///   more. No bytes at the end of the stream.
    /// - Throws: as ``receiveMessage(atMost:ancillaryCapacity:timeout:deadline:)``. Not thrown: an error for a message without
    ///   any.
    ///
    /// C: `minato_control_descriptors`. Python: `socket.recv_fds`. See unix(7), SCM_RIGHTS.
    public nonisolated(nonsending) func receiveDescriptors(
        atMost maximum: Int, bytes count: Int = 1024, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> ReceivedMessage {
        guard maximum >= 0 else { throw channel.failure(.receive, .invalidArgument, subject: "count \(maximum)") }
        return try await receiveMessage(
            atMost: count, ancillaryCapacity: Socket.ancillaryCapacity(descriptors: maximum), timeout: timeout,
            deadline: deadline)
    }
}
