internal import Glibc

// What an error means for those who go on after it, servers above all: the one table of the library. EINTR is not in the
// columns of calls that go through `uninterrupted`, which makes them again.

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

    /// The outlook of taking: above all EMFILE, ENFILE, ENOBUFS, ENOMEM mean a pause.
    package var outlook: Outlook {
        if has(.onePeer) { return .goOn }
        return has(.noListener) ? .end : .pause
    }

    /// Whether an error of a datagram socket tells of a datagram that was sent before: what ICMP says. See udp(7).
    package var isOfEarlierDatagram: Bool { has(.earlierDatagram) }

    /// Whether a send failed for want of room or memory, so that the same one may succeed later.
    package var isToBeSentAgain: Bool { has(.sendAgain) }

    /// Whether the way to the receiver may have refused a message only because it is of several pieces: a tunnel, a device
    /// that makes no checksums, a network that is too narrow. Then its pieces are sent one by one.
    package var refusesPieces: Bool { has(.refusesPieces) }

    /// Whether waiting for readiness failed for a while only. After any other error the next wait fails, too.
    package var isToBeAwaitedAgain: Bool { has(.waitAgain) }
}

extension SocketError.Code {
    /// The columns of the table.
    private struct Policy: OptionSet {
        let rawValue: UInt8
        /// Taking: it tells of one peer. Linux hands network errors that wait on a new connection to accept; those are to be
        /// treated like EAGAIN: see accept(2). A UDP socket hands on what ICMP says of an earlier datagram: see udp(7).
        static let onePeer = Policy(rawValue: 1)
        /// Taking: the descriptor is no listening socket, or none any more.
        static let noListener = Policy(rawValue: 2)
        /// See `isOfEarlierDatagram`.
        static let earlierDatagram = Policy(rawValue: 4)
        /// See `isToBeSentAgain`.
        static let sendAgain = Policy(rawValue: 8)
        /// See `refusesPieces`.
        static let refusesPieces = Policy(rawValue: 16)
        /// See `isToBeAwaitedAgain`.
        static let waitAgain = Policy(rawValue: 32)
    }

    private func has(_ policy: Policy) -> Bool {
        domain == .system && Self.policies[rawValue]?.contains(policy) == true
    }

    /// An errno that is not here has none of these.
    private static let policies: [Int32: Policy] = [
        EACCES: [.earlierDatagram],
        EAGAIN: [.onePeer, .sendAgain],
        EBADF: [.noListener],
        ECONNABORTED: [.onePeer],
        ECONNREFUSED: [.onePeer, .earlierDatagram],
        ECONNRESET: [.onePeer, .earlierDatagram],
        EHOSTDOWN: [.onePeer, .earlierDatagram],
        EHOSTUNREACH: [.onePeer, .earlierDatagram],
        EINTR: [.sendAgain, .waitAgain],
        EINVAL: [.noListener, .refusesPieces],
        EIO: [.refusesPieces],
        EMSGSIZE: [.onePeer, .earlierDatagram, .refusesPieces],
        ENETDOWN: [.onePeer, .earlierDatagram],
        ENETUNREACH: [.onePeer, .earlierDatagram],
        ENOBUFS: [.sendAgain],
        ENOMEM: [.sendAgain, .waitAgain],
        ENONET: [.onePeer, .earlierDatagram],
        ENOPROTOOPT: [.onePeer, .earlierDatagram],
        ENOTSOCK: [.noListener],
        EOPNOTSUPP: [.onePeer, .earlierDatagram, .refusesPieces],
        EPERM: [.onePeer],
        EPROTO: [.onePeer, .earlierDatagram],
        ETIMEDOUT: [.onePeer],
    ]
}
