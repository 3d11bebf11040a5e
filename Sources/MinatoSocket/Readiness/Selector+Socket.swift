// The same for a socket instead of its descriptor. The selector keeps the number only: it does not keep the socket open.

extension Selector {
    /// The registration of a socket: see ``key(for:)-(Int32)``.
    public func key(for socket: borrowing Socket) -> Key? { key(for: socket.descriptor) }

    /// Begins to wait for a socket: see ``register(_:for:value:)-(Int32,_,_)``.
    @discardableResult
    public mutating func register(
        _ socket: borrowing Socket, for interest: Interest, value: Value
    ) throws(SocketError) -> Key {
        try register(socket.descriptor, for: interest, value: value)
    }

    /// Changes what a socket is waited for; the value stays: see ``modify(_:for:)-(Int32,_)``.
    @discardableResult
    public mutating func modify(_ socket: borrowing Socket, for interest: Interest) throws(SocketError) -> Key {
        try modify(socket.descriptor, for: interest)
    }

    /// Changes what a socket is waited for, and its value: see ``modify(_:for:value:)-(Int32,_,_)``.
    @discardableResult
    public mutating func modify(
        _ socket: borrowing Socket, for interest: Interest, value: Value
    ) throws(SocketError) -> Key {
        try modify(socket.descriptor, for: interest, value: value)
    }

    /// Waits for a socket no longer: see ``unregister(_:)-(Int32)``.
    @discardableResult
    public mutating func unregister(_ socket: borrowing Socket) throws(SocketError) -> Key {
        try unregister(socket.descriptor)
    }
}
