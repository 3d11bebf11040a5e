internal import Glibc

extension SocketError.Code {
    /// What an error of taking a connection or a datagram says about the next try.
    package enum Outlook: Sendable {
        /// Only this connection or datagram is lost, or there was none: the next one can be taken at once.
        case goOn
        /// Something is used up, or the error is not known: try again after a pause. So whatever it is, nobody spins or ends.
        case pause
        /// The socket itself is unusable.
        case end
    }

    /// The outlook: above all EMFILE, ENFILE, ENOBUFS, ENOMEM mean a pause.
    package var outlook: Outlook { Self.outlooks[self] ?? .pause }

    private static let outlooks: [Self: Outlook] = {
        // Linux hands network errors that wait on a new connection to accept; those are to be treated like EAGAIN: see
        // accept(2). A UDP socket hands on what ICMP says of an earlier datagram: see udp(7).
        let ofOnePeer = [
            EAGAIN, ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
            ENETUNREACH, ECONNREFUSED, ECONNRESET, ETIMEDOUT, EMSGSIZE,
        ]
        // A descriptor that is no listening socket, or none any more.
        let ofTheSocket = [EBADF, ENOTSOCK, EINVAL]
        return Dictionary(
            uniqueKeysWithValues: ofOnePeer.map { (Self($0), .goOn) } + ofTheSocket.map { (Self($0), .end) })
    }()
}
