/// Whether a stream server expects a header of the PROXY protocol at the beginning of each connection.
///
/// There is no policy that finds out from the bytes: a client that connects directly could then claim any address.
public enum ProxyProtocolPolicy: Hashable, Sendable {
    /// No header is expected; one that comes is the handler's to read, like any other bytes.
    case off
    /// Each connection begins with a header, version 1 or 2; one without is closed.
    case required
}
