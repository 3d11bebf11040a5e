internal import MinatoSocket

extension Socket {
    /// Receives a header of the PROXY protocol and not a byte more.
    ///
    /// The timeout is changed.
    ///
    /// - Throws: `ProxyProtocolError`, `SocketError`; `.timedOut` when the header is not complete by the deadline.
    mutating func receiveProxyHeader(until deadline: Deadline) throws -> ProxyProtocol.Header {
        var received: [UInt8] = []
        while true {
            // Never zero: that would mean not to wait, and another error.
            try setTimeout(deadline == .none ? nil : .nanoseconds(max(deadline.remainingNanoseconds, 1)))
            // Looked at first, since what follows the header is the handler's.
            let next = try receive(atMost: ProxyProtocol.longestHeader, flags: .peek)
            guard !next.isEmpty else { throw ProxyProtocolError(.incomplete) }
            switch try ProxyProtocol.parse((received + next).span) {
            case .done(let header, let consumed):
                try discard(consumed - received.count)
                return header
            case .needMore:
                try discard(next.count)
                received += next
            }
        }
    }

    /// Takes bytes that have been looked at.
    private func discard(_ count: Int) throws {
        var left = count
        while left > 0 {
            let taken = try receive(atMost: left).count
            guard taken > 0 else { throw ProxyProtocolError(.incomplete) }
            left -= taken
        }
    }
}
