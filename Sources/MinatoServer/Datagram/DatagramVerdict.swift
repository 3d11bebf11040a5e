/// What a datagram responder wants to happen next.
public enum DatagramVerdict: Hashable, Sendable {
    /// Send what is in the output to the sender, as one datagram: an empty one when nothing is.
    case reply
    /// Send nothing. What is in the output is dropped.
    case silence
}
