public import MinatoSocket

// The responder face: no task for a datagram.

extension DatagramServer {
    /// Serves datagrams with responders, until ``SocketServer/shutdown()`` or ``SocketServer/drain(timeout:)``.
    ///
    ///     struct Echo: DatagramResponder {
    ///         mutating func respond(
    ///             to datagram: Span<UInt8>, _ info: borrowing DatagramInfo, output: inout ResponderOutput
    ///         ) -> DatagramVerdict {
    ///             output.append(datagram)
    ///             return .reply
    ///         }
    ///     }
    ///     try await server.serve(responder: { Echo() })
    ///
    /// Waits until the server has been stopped and the last reply has been sent. Datagrams are received and answered in
    /// batches, on the loops' threads; nothing is allocated for a datagram that is answered at once. Replies leave in the
    /// order of the datagrams, from the address that was asked.
    ///
    /// When the kernel has no room for a UDP reply, it is kept, and nothing more is received on that loop until it has left.
    /// On a Unix socket only the replies to the client that does not read wait, at most ``ServerLimits/outputLimit`` bytes of
    /// them on a loop (256 more count for each); a further one is given up with `.limitExceeded`. But one that is connected
    /// to the server fills the server's send buffer, which is for all replies, until it reads or is closed: let only those
    /// send whom you trust so far. No reply waits longer than ``ServerLimits/writeTimeout``. While memory is short, a loop
    /// pauses for 5 ms, doubling up to 1 s.
    ///
    /// A drain ends receiving at once and waits for the replies that are kept, each of which counts in its report.
    ///
    /// - Parameters:
    ///   - loops: the loops; each has its own responder. Default: ``EventLoopGroup/shared``, one for each processor.
    ///   - make: makes a responder, once for each loop. It serves all senders.
    /// - Throws: `.closed` when the server was shut down before, `EALREADY` when it serves already; `.cancelled` when the task
    ///   was cancelled, which shuts the server down; a lack of descriptors (`.tooManyDescriptors`; each loop needs two more)
    ///   and an error of the socket that cannot pass, after both of which the server is closed. Not thrown, but told to
    ///   ``DatagramServerHooks/onError``: what responders throw, and what becomes of single replies: `.connectionRefused`,
    ///   `.messageTooLong`, `.timedOut`, `.notConnected` for a sender without an address ...
    ///
    /// May be called from any task.
    ///
    /// Python: `asyncio`'s `create_datagram_endpoint`. See recvmmsg(2), sendmmsg(2).
    public nonisolated(nonsending) func serve<Responder: DatagramResponder>(
        on loops: EventLoopGroup = .shared, responder make: @escaping @Sendable () -> Responder
    ) async throws(SocketError) {
        try await serve(
            on: loops,
            share: { (shares, share) async throws(SocketError) in
                let service: ResponderDatagramService
                do throws(SocketError) {
                    guard let port = try DatagramPort(share, of: self) else { return self.stopTaking(share) }
                    service = ResponderDatagramService(self, share, port, make(), isOneOfSeveral: shares.all.count > 1)
                } catch {
                    self.stopTaking(share)
                    throw error
                }
                try await self.serve(shares, share, service)
            })
    }

    private nonisolated(nonsending) func serve(
        _ shares: LoopShares, _ share: LoopShare, _ service: DatagramService
    ) async throws(SocketError) {
        service.begin()
        while await share.acceptor.waitForConnections() == .ready { service.look() }
        await service.stop()
        await end(shares, share, service)
        if let failure = service.failure { throw failure }
    }
}
