/// Why bytes are no header of the PROXY protocol. It never holds what was received.
///
/// It prints as one line: `PROXY protocol: neither version 1 nor version 2`.
public struct ProxyProtocolError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What does not match.
    public enum Reason: Hashable, Sendable {
        /// The first bytes are those of no version.
        case signature
        /// Version 1: the line is not made of the parts that it should have, or ends in something else than CR LF.
        case line
        /// An address, or a port.
        case address
        /// Version 2: a version that is not 2.
        case version
        /// Version 2: a command that is neither LOCAL nor PROXY.
        case command
        /// Version 2: an unknown family of addresses, or an unknown transport.
        case family
        /// Version 2: too short for the addresses of its family.
        case length
        /// Longer than a header may be.
        case tooLong
        /// The connection ended before the header did.
        case incomplete
    }

    /// What does not match.
    public let reason: Reason

    init(_ reason: Reason) { self.reason = reason }

    /// One line.
    public var description: String {
        let text =
            switch reason {
            case .signature: "neither version 1 nor version 2"
            case .line: "malformed line"
            case .address: "malformed address or port"
            case .version: "unknown version"
            case .command: "unknown command"
            case .family: "unknown address family or transport"
            case .length: "too short for its addresses"
            case .tooLong: "too long"
            case .incomplete: "the connection ended before the header"
            }
        return "PROXY protocol: \(text)"
    }
}
