internal import CMinato

extension Socket {
    /// Sends some of the bytes and returns how many the kernel took.
    ///
    /// Waits, for at most ``timeout``, until it takes at least one. On a datagram socket: one datagram to the connected
    /// peer, whole or not at all; no bytes send an empty datagram.
    ///
    /// - Returns: 1 to `bytes.count`; 0 only for no bytes.
    /// - Throws: `.brokenPipe`, `.connectionReset`, `.timedOut`, `.wouldBlock`, `.notConnected`, `.messageTooLong`. SIGPIPE
    ///   is never raised.
    ///
    /// C: `minato_socket_send`. Python: `send`. See send(2).
    @discardableResult
    public func send(_ bytes: Span<UInt8>, flags: Flags = []) throws(SocketError) -> Int {
        let deadline = deadline
        let result = unsafe bytes.withUnsafeBytes { bytes in
            uninterrupted {
                unsafe minato_socket_send(descriptor, bytes.startOrDummy, bytes.count, flags.rawValue, deadline)
            }
        }
        didSend(result)
        guard result >= 0 else { throw failure(.send, result) }
        return Int(result)
    }

    /// Sends some of the bytes: see ``send(_:flags:)-(Span<UInt8>,_)``.
    @discardableResult
    public func send(_ bytes: [UInt8], flags: Flags = []) throws(SocketError) -> Int {
        try send(bytes.span, flags: flags)
    }

    /// Sends all of the bytes of a stream.
    ///
    /// ``timeout`` is the limit for the whole, however many pieces the kernel takes it in; signals do not stretch it. After
    /// an error some of the bytes may have been sent: the stream is of no further use for sending.
    ///
    /// - Throws: as ``send(_:flags:)-(Span<UInt8>,_)``.
    ///
    /// C: `minato_socket_send_all`. Python: `sendall`. See send(2).
    public func sendAll(_ bytes: Span<UInt8>, flags: Flags = []) throws(SocketError) {
        let deadline = deadline
        let result = unsafe bytes.withUnsafeBytes { bytes in
            var sent = 0
            return uninterrupted {
                var step = 0
                let result = unsafe minato_socket_send_all(
                    descriptor, bytes.startOrDummy + sent, bytes.count - sent, flags.rawValue, deadline, &step)
                sent += step
                return result
            }
        }
        didSend(Int64(result), isPart: true)
        guard result >= 0 else { throw failure(.send, result) }
    }

    /// Sends all of the bytes: see ``sendAll(_:flags:)-(Span<UInt8>,_)``.
    public func sendAll(_ bytes: [UInt8], flags: Flags = []) throws(SocketError) {
        try sendAll(bytes.span, flags: flags)
    }

    /// Sends all of a text in UTF-8: see ``sendAll(_:flags:)-(Span<UInt8>,_)``.
    public func sendAll(_ text: String, flags: Flags = []) throws(SocketError) {
        try sendAll(text.utf8Span.span, flags: flags)
    }

    /// Sends one datagram to an address.
    ///
    /// - Returns: the length of the datagram.
    /// - Throws: `.messageTooLong` (nothing was sent, the socket stays usable), `.connectionRefused` (an earlier datagram
    ///   was refused), `.alreadyConnected`, `.timedOut`, `.wouldBlock`, `.networkUnreachable` ...
    ///
    /// C: `minato_socket_send_to`. Python: `sendto`. See sendto(2).
    @discardableResult
    public func send(_ bytes: Span<UInt8>, to address: SocketAddress, flags: Flags = []) throws(SocketError) -> Int {
        let deadline = deadline
        let result = unsafe bytes.withUnsafeBytes { bytes in
            unsafe address.withPointer { address in
                uninterrupted {
                    unsafe minato_socket_send_to(
                        descriptor, bytes.startOrDummy, bytes.count, flags.rawValue, address, deadline)
                }
            }
        }
        guard result >= 0 else { throw failure(.send, result, remote: address) }
        return Int(result)
    }

    /// Sends one datagram to an address: see ``send(_:to:flags:)-(Span<UInt8>,_,_)``.
    @discardableResult
    public func send(_ bytes: [UInt8], to address: SocketAddress, flags: Flags = []) throws(SocketError) -> Int {
        try send(bytes.span, to: address, flags: flags)
    }

    /// Sends part of a file without copying it through the program.
    ///
    /// The file's own position is neither used nor moved. ``timeout`` is the limit for the whole. Stops at the end of the
    /// file without an error.
    ///
    /// - Parameters:
    ///   - file: the descriptor of an open file; a pipe is refused (ESPIPE).
    ///   - offset: where in the file to begin, in bytes. Default: 0.
    ///   - count: how many bytes, nil (the default) for all up to the end of the file.
    /// - Returns: how many bytes were sent.
    /// - Throws: as ``send(_:flags:)-(Span<UInt8>,_)``, and `.invalidArgument` for a negative offset or count. What was sent
    ///   before is lost count of.
    ///
    /// C: `minato_socket_send_file`. Python: `sendfile`. See sendfile(2).
    @discardableResult
    public func sendFile(_ file: Int32, offset: Int64 = 0, count: Int64? = nil) throws(SocketError) -> Int64 {
        guard offset >= 0, (count ?? 0) >= 0 else {
            throw SocketError(.sendFile, .invalidArgument, network: networkName, subject: "negative offset or count")
        }
        let deadline = deadline
        let wanted = UInt64(count ?? .max)
        var sent: UInt64 = 0
        let result = uninterrupted {
            var step: UInt64 = 0
            let result = unsafe minato_socket_send_file(
                descriptor, file, offset + Int64(sent), wanted - sent, deadline, &step)
            sent += step
            return result
        }
        didSend(Int64(result), isPart: true)
        guard result >= 0 else { throw failure(.sendFile, result) }
        return Int64(sent)
    }
}

extension UnsafeRawBufferPointer {
    /// The start of the bytes; for none, a pointer that is valid and never read.
    ///
    /// The C layer takes no NULL, and an empty buffer may have no address.
    var startOrDummy: UnsafeRawPointer {
        unsafe baseAddress ?? UnsafeRawPointer(bitPattern: 8).unsafelyUnwrapped
    }
}
