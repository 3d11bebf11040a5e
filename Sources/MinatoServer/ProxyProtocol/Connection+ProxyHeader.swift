internal import MinatoSocket

extension Connection {
    /// Reads a header of the PROXY protocol; what came behind it is read next.
    ///
    /// - Returns: whose connection it is; nil when the header does not tell it.
    /// - Throws: `ProxyProtocolError`, `SocketError`; `.timedOut` when the header is not complete in the time for the first
    ///   byte, which begins anew then.
    nonisolated(nonsending) func readProxyHeader(_ limits: ServerLimits) async throws -> SocketAddress? {
        let deadline = Deadline.after(limits.firstReceiveTimeout ?? limits.idleTimeout)
        var received: [UInt8] = []
        while true {
            let next = try await read(atMost: ProxyProtocol.longestHeader, deadline: deadline)
            guard !next.isEmpty else { throw ProxyProtocolError(.incomplete) }
            received += next
            guard case .done(let header, let consumed) = try ProxyProtocol.parse(received.span) else { continue }
            begin(with: Array(received[consumed...]), firstReadTimeout: limits.firstByteNanoseconds)
            return header.source
        }
    }
}
