internal import CMinato

// The socket inside: its addresses and options, shutting down, and taking it out.

extension Connection {
    /// The local address.
    ///
    /// - Throws: `.closed`.
    ///
    /// C: `minato_socket_local_address`. Python: `getsockname`. See getsockname(2).
    public var localAddress: SocketAddress {
        get throws(SocketError) {
            var address = SocketAddress()
            try use(.address) { unsafe minato_socket_local_address($0, &address.storage) }
            return address
        }
    }

    /// The peer's address.
    ///
    /// - Throws: `.closed`; `.notConnected` when the peer has reset the connection.
    ///
    /// C: `minato_socket_peer_address`. Python: `getpeername`. See getpeername(2).
    public var remoteAddress: SocketAddress {
        get throws(SocketError) {
            var address = SocketAddress()
            try use(.address) { unsafe minato_socket_peer_address($0, &address.storage) }
            return address
        }
    }

    /// Reads an option: see ``Socket/option(_:)``.
    ///
    /// - Throws: `.noSuchOption`, `.closed`.
    ///
    /// Python: `getsockopt`. See getsockopt(2).
    public func option<Value>(_ option: SocketOption<Value>) throws(SocketError) -> Value {
        let answer = channel.withDescriptor { descriptor in
            Value.readOption(descriptor: descriptor, level: option.level, name: option.name)
        }
        guard let answer else { throw channel.failure(.option, channel.codeOfClosed) }
        guard answer.result >= 0, let value = answer.value else {
            throw channel.failure(.option, .init(result: answer.result), subject: option.subject)
        }
        return value
    }

    /// Sets an option: see ``Socket/setOption(_:_:)``. TCP_NODELAY is set on connections that this library made.
    ///
    /// - Throws: `.noSuchOption`, `.invalidArgument` for a value that the option does not take, `.accessDenied`, `.closed`.
    ///
    /// Python: `setsockopt`. See setsockopt(2).
    public func setOption<Value>(_ option: SocketOption<Value>, _ value: Value) throws(SocketError) {
        try use(.option, subject: option.subject) { descriptor in
            value.setOption(descriptor: descriptor, level: option.level, name: option.name)
        }
    }

    /// Ends one or both directions of the stream at once; the connection stays open. Does not wait.
    ///
    /// Wakes what waits: a read sees the end of the stream, a write `.brokenPipe`. To end writing in good order use
    /// ``finishWriting()``.
    ///
    /// - Throws: `.closed`; `.notConnected` when the peer has reset the connection.
    ///
    /// C: `minato_socket_shutdown`. Python: `shutdown`. See shutdown(2).
    public func shutdown(_ direction: Socket.Direction) throws(SocketError) {
        try use(.shutdown) { minato_socket_shutdown($0, direction.rawValue) }
    }

    private func use(
        _ operation: SocketError.Operation, subject: String? = nil, _ call: (Int32) -> Int32
    ) throws(SocketError) {
        guard let result = channel.withDescriptor(call) else {
            throw channel.failure(operation, channel.codeOfClosed)
        }
        guard result >= 0 else { throw channel.failure(operation, .init(result: result), subject: subject) }
    }

    /// What ``detach()`` gives back.
    @frozen
    public struct Detached: ~Copyable, Sendable {
        /// The socket, without a timeout.
        public var socket: Socket
        /// What was received and not read.
        public let unread: [UInt8]

        @usableFromInline
        init(socket: consuming Socket, unread: [UInt8]) {
            self.socket = socket
            self.unread = unread
        }
    }

    /// Takes the socket out, as a blocking one with a descriptor of its own, and closes the connection without a trace on it.
    ///
    /// To hand a connection on to another face, another loop, or another process. ``BufferedSocket/init(_:unread:writeCapacity:)``
    /// takes both parts. Does not wait.
    ///
    /// - Returns: the socket, and the bytes that were read ahead.
    /// - Throws: `.busy` while a task reads or writes, `.closed`, `.tooManyDescriptors`; the connection stays as it was then.
    ///
    /// Python: `detach`.
    public func detach() throws(SocketError) -> Detached {
        let wasReadable = try channel.seize(.reading)
        let wasWritable: Bool
        do throws(SocketError) {
            wasWritable = try channel.seize(.writing)
        } catch {
            channel.finish(.reading, isReady: wasReadable)
            throw error
        }
        // The loop goes on watching the old number until it has heard of its end: hence a new one.
        var info = minato_socket_info()
        var copy = unsafe minato_socket_inspect(channel.descriptor, &info)
        if copy >= 0 { copy = minato_socket_duplicate(channel.descriptor) }
        guard copy >= 0 else {
            let error = channel.failure(.duplicate, .init(result: copy))
            channel.finish(.writing, isReady: wasWritable)
            channel.finish(.reading, isReady: wasReadable)
            throw error
        }
        let unread = input.take(atMost: input.count)
        channel.close()
        channel.finish(.writing)
        channel.finish(.reading)
        return Detached(
            socket: Socket(
                owning: copy, family: channel.family, kind: channel.kind, protocolNumber: info.`protocol`),
            unread: unread)
    }
}
