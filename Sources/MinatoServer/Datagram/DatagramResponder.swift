/// A protocol of one datagram in and at most one out, without a socket: what a server runs on its loops without a task.
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
/// It never waits, and so costs what a loop in C costs. It can be tested by calling it. What has to wait for something else,
/// or computes for long, belongs on the async face: see ``DatagramServer/serve(on:_:)``.
///
/// There is one responder for each loop of the server, and it serves all senders: what it remembers, it remembers of all of
/// them, and with several loops a sender's datagrams may come to different ones. All calls of one responder are made on one
/// thread, one after the other: it needs no lock, and need not be `Sendable`.
///
/// Python: `asyncio.DatagramProtocol`.
public protocol DatagramResponder: SendableMetatype {
    /// Answers a datagram.
    ///
    /// A sender's address can be forged: do not send much more than was received to somebody who has not proved that it
    /// receives.
    ///
    /// - Parameters:
    ///   - datagram: its bytes, cut to ``ServerLimits/datagramSize``; none for an empty datagram, which is one too. Valid
    ///     during the call.
    ///   - info: who sent it, and where to.
    ///   - output: empty; to append the answer to.
    /// - Returns: whether the output is sent.
    /// - Throws: anything; it is told to ``DatagramServerHooks/onError`` with the sender, and nothing is sent.
    ///
    /// Python: `datagram_received`.
    mutating func respond(
        to datagram: Span<UInt8>, _ info: borrowing DatagramInfo, output: inout ResponderOutput
    ) throws -> DatagramVerdict
}
