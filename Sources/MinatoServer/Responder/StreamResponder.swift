/// A protocol of bytes in and bytes out, without a socket: what a server runs on its loops without a task.
///
///     struct Echo: StreamResponder {
///         mutating func respond(to input: Span<UInt8>, output: inout ResponderOutput) -> ResponderVerdict {
///             output.append(input)
///             return .goOn(consumed: input.count)
///         }
///     }
///     try await server.serve(responder: { _ in Echo() })
///
/// It never waits, and so costs what a loop in C costs. It can be tested by calling it. What has to wait for something else,
/// or computes for long, belongs on the async face: see ``StreamServer/serve(on:_:)-(_,(Connection)->Void)``.
///
/// Each connection has a responder of its own, which keeps what it has to remember. All calls are made on one thread, one after
/// the other: it needs no lock, and need not be `Sendable`.
///
/// Python: `asyncio.Protocol`.
public protocol StreamResponder: SendableMetatype {
    /// Answers what has come.
    ///
    /// Called when bytes have come, and again at once when some were consumed and some are left: so it may answer one request
    /// at a time. What is not consumed is offered again, in front of what comes next.
    ///
    /// - Parameters:
    ///   - input: everything that was received and not consumed yet; never empty. Valid during the call.
    ///   - output: to append the answer to; what earlier calls have appended may still be in it. It is sent after the call, or
    ///     after several calls when several requests came together. At ``ServerLimits/outputLimit``, and while the client has not
    ///     taken all, nothing more is asked of this responder and nothing more is read from that client: so no more than the
    ///     limit and one answer is ever kept.
    /// - Returns: how many bytes were consumed; or that the connection is to be closed, after the output has been sent.
    /// - Throws: anything; it is told to ``StreamServerHooks/onError``, and this connection is closed at once, without what was
    ///   appended and not sent.
    mutating func respond(to input: Span<UInt8>, output: inout ResponderOutput) throws -> ResponderVerdict

    /// The client has ended its stream; what it had not finished is lost. The output is sent, then the connection is closed.
    ///
    /// Default: does nothing.
    ///
    /// - Parameters:
    ///   - rest: what was received and never consumed; empty for a client that was done. Valid during the call.
    ///   - output: to append a last answer to: a client that has only ended its sending direction still receives it.
    /// - Throws: anything; it is told to ``StreamServerHooks/onError``, and nothing more is sent. Not called, and so not the
    ///   place to tidy up, when the connection ends in another way: then the responder is only let go of.
    ///
    /// Python: `Protocol.eof_received`.
    mutating func end(rest: Span<UInt8>, output: inout ResponderOutput) throws
}

extension StreamResponder {
    /// Does nothing.
    public mutating func end(rest: Span<UInt8>, output: inout ResponderOutput) {}
}

/// What a responder wants to happen next.
///
/// It has no equal in Python, where a protocol calls its transport.
public enum ResponderVerdict: Hashable, Sendable {
    /// Go on. So many bytes of the input are used up, from its beginning; 0 when more must come first. A number that is
    /// negative or larger than the input is an error of the responder's: `.invalidArgument`.
    case goOn(consumed: Int)
    /// Close the connection when the output has been sent. What else was received, and what still comes, is dropped; the client
    /// is given at most 2 s to receive the output and to end its side.
    case close
}
