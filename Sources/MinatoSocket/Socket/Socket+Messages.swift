internal import CMinato
internal import Glibc

// sendmsg(2) and recvmsg(2): gathering, scattering, ancillary data.

extension Socket {
    /// Sends one message gathered from pieces, with ancillary data beside it.
    ///
    /// Waits, for at most ``timeout``, until the kernel takes it. A datagram goes whole or not at all; no pieces at all send
    /// an empty one. Of a stream's bytes only some may be taken: the ancillary data went with the first of them, so send the
    /// rest without it.
    ///
    /// - Parameters:
    ///   - pieces: at most 1,024, which are not copied.
    ///   - ancillary: items of ancillary data. Default: none.
    ///   - address: where a datagram goes to. Default: the connected peer.
    ///   - flags: as for ``send(_:flags:)-(Span<UInt8>,_)``. Default: none.
    /// - Returns: how many bytes the kernel took.
    /// - Throws: `.messageTooLong` for a datagram that is too large and for too many pieces; `.invalidArgument` for an item
    ///   that cannot be sent, and for ancillary data without a byte on a Unix stream, which the kernel would drop;
    ///   `.badDescriptor` for a descriptor that is not open; `.notPermitted` for somebody else's credentials; else as
    ///   ``send(_:to:flags:)-(Span<UInt8>,_,_)``. SIGPIPE is never raised.
    ///
    /// C: `minato_message_send`. Python: `sendmsg`. See sendmsg(2), unix(7).
    @discardableResult
    public func sendMessage(
        _ pieces: [[UInt8]], ancillary: [AncillaryData] = [], to address: SocketAddress? = nil, flags: Flags = []
    ) throws(SocketError) -> Int {
        guard pieces.count <= Self.mostPieces else { throw failure(.send, -EMSGSIZE, remote: address) }
        let isEmpty = pieces.allSatisfy(\.isEmpty)
        return unsafe try sendMessage(isEmpty: isEmpty, ancillary: ancillary, to: address, flags: flags) { send in
            var buffers: [minato_buffer] = unsafe []
            unsafe buffers.reserveCapacity(pieces.count)
            return unsafe withBuffers(of: pieces[...], collected: &buffers, send)
        }
    }

    /// Sends one message, with ancillary data beside it: see ``sendMessage(_:ancillary:to:flags:)-([[UInt8]],_,_,_)``.
    @discardableResult
    public func sendMessage(
        _ bytes: Span<UInt8>, ancillary: [AncillaryData] = [], to address: SocketAddress? = nil, flags: Flags = []
    ) throws(SocketError) -> Int {
        unsafe try sendMessage(isEmpty: bytes.isEmpty, ancillary: ancillary, to: address, flags: flags) { send in
            unsafe bytes.withUnsafeBytes { bytes in
                let base = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)
                return unsafe withUnsafePointer(to: minato_buffer(base: base, length: bytes.count)) { buffer in
                    unsafe send(UnsafeBufferPointer(start: buffer, count: 1))
                }
            }
        }
    }

    /// IOV_MAX. See sysconf(3).
    private static var mostPieces: Int { 1024 }

    private typealias Buffers = UnsafeBufferPointer<minato_buffer>

    /// Sends the buffers that `lend` calls its argument with.
    private func sendMessage(
        isEmpty: Bool, ancillary: [AncillaryData], to address: SocketAddress?, flags: Flags,
        lend: (_ send: (Buffers) -> Int64) -> Int64
    ) throws(SocketError) -> Int {
        // Ancillary data of a stream goes with a byte of it. Without one the kernel says "0 bytes sent" and drops it.
        let isDropped = isEmpty && !ancillary.isEmpty && family == .unix && kind == .stream
        var refusal: Int32 = isDropped ? -EINVAL : 0
        var memory = isDropped ? ControlMemory(capacity: 0) : ControlMemory(ancillary, failure: &refusal)
        guard refusal >= 0 else {
            throw SocketError(
                .send, .init(result: refusal), network: networkName, remote: address, subject: "ancillary data")
        }
        let deadline = deadline
        // The empty address stands for the connected peer.
        let target = address ?? SocketAddress()
        let result = unsafe memory.withControl { control in
            unsafe target.withPointer { target in
                unsafe lend { buffers in
                    uninterrupted {
                        unsafe minato_message_send(
                            descriptor, buffers.baseAddress, buffers.count, target, control, flags.rawValue, deadline)
                    }
                }
            }
        }
        guard result >= 0 else { throw failure(.send, result, remote: address) }
        return Int(result)
    }

    /// Calls `body` with all pieces pinned in memory, one by each level of the recursion.
    private func withBuffers(
        of pieces: ArraySlice<[UInt8]>, collected: inout [minato_buffer], _ body: (Buffers) -> Int64
    ) -> Int64 {
        guard let first = pieces.first else {
            return unsafe collected.withUnsafeBufferPointer { buffers in unsafe body(buffers) }
        }
        return unsafe first.withUnsafeBytes { bytes in
            let base = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress)
            unsafe collected.append(minato_buffer(base: base, length: bytes.count))
            return unsafe withBuffers(of: pieces.dropFirst(), collected: &collected, body)
        }
    }
}

extension Socket {
    /// Receives one message with its sender and the ancillary data beside it, and waits for it when none is there.
    ///
    /// - Parameters:
    ///   - count: the most bytes to receive. Default: 65,535, which every UDP datagram fits.
    ///   - ancillaryCapacity: bytes of memory for ancillary data: the sum of ``AncillaryData/space(_:)`` over what is
    ///     expected. Default: 0; the kernel drops what comes, and closes descriptors.
    ///   - flags: as for ``receive(atMost:flags:)``. Default: none.
    /// - Returns: the message. No bytes at the end of a stream, or for an empty datagram.
    /// - Throws: as ``receive(atMost:flags:)``; `.invalidArgument` for a negative count or capacity. Not thrown: an error for
    ///   a message or ancillary data that was cut, see ``ReceivedMessage/flags``.
    ///
    /// C: `minato_message_receive`. Python: `recvmsg`. See recvmsg(2).
    public func receiveMessage(
        atMost count: Int = 65_535, ancillaryCapacity: Int = 0, flags: Flags = []
    ) throws(SocketError) -> ReceivedMessage {
        try receiveMessage(scattering: [count], ancillaryCapacity: ancillaryCapacity, flags: flags)
    }

    /// Receives one message in pieces of given sizes: a header of fixed size, say, and what follows it.
    ///
    /// - Parameters:
    ///   - sizes: how many bytes each piece has at most; each is filled before the next. At most 1,024.
    ///   - ancillaryCapacity: as for ``receiveMessage(atMost:ancillaryCapacity:flags:)``. Default: 0.
    ///   - flags: as for ``receive(atMost:flags:)``. Default: none.
    /// - Returns: the message, with as many pieces as there are sizes.
    /// - Throws: as ``receiveMessage(atMost:ancillaryCapacity:flags:)``; `.messageTooLong` for too many sizes.
    ///
    /// C: `minato_message_receive`. Python: `recvmsg_into`. See recvmsg(2).
    public func receiveMessage(
        scattering sizes: [Int], ancillaryCapacity: Int = 0, flags: Flags = []
    ) throws(SocketError) -> ReceivedMessage {
        guard sizes.count <= Self.mostPieces else { throw failure(.receive, -EMSGSIZE) }
        var total = 0
        for size in sizes {
            try checkCount(size)
            let (sum, overflow) = total.addingReportingOverflow(size)
            guard !overflow else {
                throw SocketError(.receive, .invalidArgument, network: networkName, subject: "count \(size)")
            }
            total = sum
        }
        guard ControlMemory.isPossible(capacity: ancillaryCapacity) else {
            throw SocketError(
                .receive, .invalidArgument, network: networkName, subject: "ancillary capacity \(ancillaryCapacity)")
        }

        var memory = ControlMemory(capacity: ancillaryCapacity)
        var sender = SocketAddress()
        var receivedFlags: Int32 = 0
        var length = 0
        let bytes = try [UInt8](capacity: total) { (output) throws(SocketError) in
            length = try receiveMessage(
                into: &output, sizes: sizes, sender: &sender, memory: &memory, flags: flags,
                receivedFlags: &receivedFlags)
        }
        let shownFlags = Flags(rawValue: receivedFlags)
        return ReceivedMessage(
            pieces: bytes.split(into: sizes),
            ancillary: memory.takeItems(wasCut: shownFlags.contains(.ancillaryTruncated)), flags: shownFlags,
            sender: sender, length: length)
    }

    private func receiveMessage(
        into output: inout OutputSpan<UInt8>, sizes: [Int], sender: inout SocketAddress, memory: inout ControlMemory,
        flags: Flags, receivedFlags: inout Int32
    ) throws(SocketError) -> Int {
        let deadline = receiveDeadline
        // On a stream MSG_TRUNC would throw the data away and leave the memory as it was: see tcp(7).
        let flags = kind == .stream ? flags.subtracting(.truncated) : flags.union(.truncated)
        let result = unsafe output.appendBytes { (start, _) in
            var offset = 0
            let buffers = unsafe sizes.map { size in
                defer { offset += size }
                return unsafe minato_buffer(base: start + offset, length: size)
            }
            return unsafe memory.withControl { control in
                uninterrupted {
                    unsafe minato_message_receive(
                        descriptor, buffers, buffers.count, &sender.storage, control, flags.rawValue, &receivedFlags,
                        deadline)
                }
            }
        }
        didReceive(result)
        guard result >= 0 else { throw failure(.receive, result) }
        return Int(result)
    }
}

extension [UInt8] {
    /// The bytes cut into pieces of the sizes; fewer bytes leave the last pieces short or empty.
    fileprivate func split(into sizes: [Int]) -> [[UInt8]] {
        if sizes.count == 1 { return [self] }
        var rest = self[...]
        return sizes.map { size in
            defer { rest = rest.dropFirst(size) }
            return Array(rest.prefix(size))
        }
    }
}
