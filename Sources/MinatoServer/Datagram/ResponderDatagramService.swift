internal import MinatoSocket

/// The responder face of a datagram server on one loop: no task, and no memory for each datagram.
@safe
final class ResponderDatagramService: DatagramService, @unchecked Sendable {
    /// In plain memory, as the transfer.
    private let exchange: UnsafeMutablePointer<DatagramExchange>

    init(
        _ server: DatagramServer, _ share: LoopShare, _ port: DatagramPort, _ responder: any DatagramResponder,
        isOneOfSeveral: Bool
    ) {
        unsafe exchange = .allocate(capacity: 1)
        super.init(server, share, port, isOneOfSeveral: isOneOfSeveral)
        unsafe exchange.initialize(
            to: DatagramExchange(
                responder, server.control, server.hooks, isUnix: port.isUnix, capacity: transfer.batch.capacity))
    }

    deinit {
        unsafe exchange.deinitialize(count: 1)
        unsafe exchange.deallocate()
    }

    override func turn() -> DatagramTransfer.Outcome { unsafe exchange.pointee.goOn(&transfer) }
}
