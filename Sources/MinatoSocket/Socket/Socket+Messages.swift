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
        guard pieces.count <= MessageCall.mostPieces else { throw failure(.send, -EMSGSIZE, remote: address) }
        let isEmpty = pieces.allSatisfy(\.isEmpty)
        return unsafe try sendMessage(isEmpty: isEmpty, ancillary: ancillary, to: address, flags: flags) { send in
            unsafe messageCall.withBuffers(of: pieces[...], send)
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

    private var messageCall: MessageCall { MessageCall(family: family, kind: kind) }

    /// Sends the buffers that `lend` calls its argument with.
    private func sendMessage(
        isEmpty: Bool, ancillary: [AncillaryData], to address: SocketAddress?, flags: Flags,
        lend: (_ send: (MessageCall.Buffers) -> Int64) -> Int64
    ) throws(SocketError) -> Int {
        var memory = try messageCall.controlMemory(ancillary, isEmpty: isEmpty, to: address)
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
        didSend(result)
        guard result >= 0 else { throw failure(.send, result, remote: address) }
        return Int(result)
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
    /// - Throws: as ``receive(atMost:flags:)``; `.invalidArgument` for a negative count or capacity, or for more than
    ///   1 GiB. Not thrown: an error for a message or ancillary data that was cut, see ``ReceivedMessage/flags``.
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
        guard sizes.count <= MessageCall.mostPieces else { throw failure(.receive, -EMSGSIZE) }
        let total = try messageCall.total(of: sizes, ancillaryCapacity: ancillaryCapacity)
        var incoming = MessageCall.Incoming(ancillaryCapacity: ancillaryCapacity)
        let deadline = receiveDeadline
        var length = 0
        let bytes = try [UInt8](capacity: total) { (output) throws(SocketError) in
            let result = unsafe output.appendBytes { (start, _) in
                unsafe messageCall.receive(
                    descriptor, into: start, sizes: sizes, &incoming, flags: flags, deadline: deadline)
            }
            didReceive(result)
            guard result >= 0 else { throw failure(.receive, result) }
            length = Int(result)
        }
        return incoming.message(bytes.split(into: sizes), length: length)
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
