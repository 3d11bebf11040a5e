internal import CMinato

/// A datagram that was received.
public struct Datagram: Hashable, Sendable {
    /// What arrived, cut to the size that was asked for. An empty datagram is a datagram.
    public let bytes: [UInt8]
    /// Who sent it; the empty address for an unnamed Unix socket.
    public let sender: SocketAddress
    /// How long the datagram was when it was sent.
    public let length: Int

    /// Whether the end of the datagram was cut off.
    public var isTruncated: Bool { length > bytes.count }

    /// A datagram, for tests of code that handles one. `length` nil: that of `bytes`.
    public init(bytes: [UInt8], sender: SocketAddress, length: Int? = nil) {
        self.bytes = bytes
        self.sender = sender
        self.length = length ?? bytes.count
    }
}

extension Socket {
    /// Receives what is there, at most `count` bytes, and waits for it when nothing is.
    ///
    /// - Parameters:
    ///   - count: the most to receive. Memory for it is allocated; below zero or more than 1 GiB is
    ///     `.invalidArgument`.
    ///   - flags: see ``Flags``. Default: none.
    /// - Returns: the bytes; empty at the end of the stream (or for an empty datagram, or a count of zero), never as an
    ///   error. A longer datagram is cut without notice: ``receiveFrom(atMost:flags:)`` tells.
    /// - Throws: `.connectionReset`, `.timedOut`, `.wouldBlock`, `.notConnected`, `.connectionRefused` on a datagram socket.
    ///
    /// C: `minato_socket_receive`. Python: `recv`. See recv(2).
    public func receive(atMost count: Int, flags: Flags = []) throws(SocketError) -> [UInt8] {
        try checkCount(count, atMost: MessageCall.mostBytes)
        return try [UInt8](capacity: count) { (output) throws(SocketError) in
            try receive(into: &output, flags: flags)
        }
    }

    /// Receives what is there into the free space of `output`, and waits for it when nothing is.
    ///
    ///     let bytes = try [UInt8](capacity: 4096) { (output) throws(SocketError) in try socket.receive(into: &output) }
    ///
    /// - Returns: how many bytes were appended; 0 at the end of the stream, for an empty datagram, or without free space.
    /// - Throws: as ``receive(atMost:flags:)``; nothing is appended then.
    ///
    /// C: `minato_socket_receive`. Python: `recv_into`. See recv(2).
    @discardableResult
    public func receive(into output: inout OutputSpan<UInt8>, flags: Flags = []) throws(SocketError) -> Int {
        let deadline = receiveDeadline
        let flags = withoutDiscarding(flags)
        let result = unsafe output.appendBytes { (start, capacity) in
            uninterrupted { unsafe minato_socket_receive(descriptor, start, capacity, flags.rawValue, deadline) }
        }
        didReceive(result)
        guard result >= 0 else { throw failure(.receive, result) }
        return Int(result)
    }

    /// Receives one datagram with its sender, and waits for it when none is there.
    ///
    /// - Parameters:
    ///   - count: the most to keep of it, in bytes. Default: 65,535, which every UDP datagram fits.
    ///   - flags: see ``Flags``. Default: none.
    /// - Returns: the datagram, an empty one too; ``Datagram/isTruncated`` when `count` was too small. On a connected stream
    ///   socket: bytes as ``receive(atMost:flags:)`` gives them.
    /// - Throws: as ``receive(atMost:flags:)``.
    ///
    /// C: `minato_socket_receive_from`. Python: `recvfrom`. See recvfrom(2).
    public func receiveFrom(atMost count: Int = 65_535, flags: Flags = []) throws(SocketError) -> Datagram {
        try checkCount(count, atMost: MessageCall.mostBytes)
        var sender = SocketAddress()
        var length = 0
        let bytes = try [UInt8](capacity: count) { (output) throws(SocketError) in
            length = try receiveFrom(into: &output, sender: &sender, flags: flags)
        }
        return Datagram(bytes: bytes, sender: sender, length: length)
    }

    /// Receives one datagram into the free space of `output`.
    ///
    /// - Parameters:
    ///   - output: where the bytes are appended.
    ///   - sender: receives the sender's address.
    ///   - flags: see ``Flags``. Default: none.
    /// - Returns: the datagram's true length; more than was appended when it was cut.
    /// - Throws: as ``receive(atMost:flags:)``.
    ///
    /// C: `minato_socket_receive_from`. Python: `recvfrom_into`. See recvfrom(2).
    public func receiveFrom(
        into output: inout OutputSpan<UInt8>, sender: inout SocketAddress, flags: Flags = []
    ) throws(SocketError) -> Int {
        let deadline = receiveDeadline
        let flags = kind == .stream ? withoutDiscarding(flags) : flags.union(.truncated)
        var address = SocketAddress()
        let result = unsafe output.appendBytes { (start, capacity) in
            uninterrupted {
                unsafe minato_socket_receive_from(
                    descriptor, start, capacity, flags.rawValue, &address.storage, deadline)
            }
        }
        didReceive(result)
        guard result >= 0 else { throw failure(.receive, result) }
        sender = address
        return Int(result)
    }

    /// On a stream MSG_TRUNC throws data away and leaves the memory as it was: see tcp(7).
    private func withoutDiscarding(_ flags: Flags) -> Flags {
        kind == .stream ? flags.subtracting(.truncated) : flags
    }

    func checkCount(_ count: Int, atMost limit: Int = .max) throws(SocketError) {
        guard 0...limit ~= count else {
            throw SocketError(.receive, .invalidArgument, network: networkName, subject: "count \(count)")
        }
    }
}

extension OutputSpan<UInt8> {
    /// Has a C function write into the free space; a result above its size counts as a full one.
    mutating func appendBytes(_ write: (UnsafeMutableRawPointer, Int) -> Int64) -> Int64 {
        unsafe withUnsafeMutableBufferPointer { buffer, initialized in
            let free = buffer.count - initialized
            var dummy: UInt64 = 0
            guard free > 0, let base = buffer.baseAddress else {
                return unsafe withUnsafeMutableBytes(of: &dummy) { bytes in
                    guard let start = bytes.baseAddress else { return 0 }
                    return unsafe write(start, 0)
                }
            }
            let result = unsafe write(UnsafeMutableRawPointer(base + initialized), free)
            if result > 0 { initialized += min(Int(result), free) }
            return result
        }
    }
}
