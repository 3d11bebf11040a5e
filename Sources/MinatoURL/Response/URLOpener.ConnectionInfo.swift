public import MinatoLoop

extension URLOpener {
    /// Over which connection a response came, and when. All of it is unknown with a ``MockTransport``, and where a handler
    /// answered.
    public struct ConnectionInfo: Sendable {
        /// The address that was talked to: the server's, or the proxy's; nil when it is unknown.
        ///
        /// Python: `response.fp.raw._sock.getpeername()`.
        public internal(set) var remoteAddress: SocketAddress?

        /// This end of the connection, or nil when it is unknown.
        public internal(set) var localAddress: SocketAddress?

        /// Whether the connection had served another request before.
        public internal(set) var isReused = false

        /// Whether the server has shown by its certificate that it is the one of the URL: https, and not skipped by the
        /// request.
        public internal(set) var isPeerVerified = false

        /// What took how long.
        public internal(set) var timings = Timings()
    }

    /// What took how long, each from the beginning of the request: the last one, when there were redirects. Microseconds at the
    /// finest.
    ///
    /// A step that was not needed has the time of the one before: a connection that was used again took no time to open.
    public struct Timings: Hashable, Sendable {
        /// Until the name was looked up.
        public internal(set) var nameLookup = Duration.zero

        /// Until there was a connection.
        public internal(set) var connect = Duration.zero

        /// Until TLS was agreed on; the time of ``connect`` without TLS.
        public internal(set) var tlsHandshake = Duration.zero

        /// Until the request began to be sent.
        public internal(set) var requestStart = Duration.zero

        /// Until the first byte of the response came.
        public internal(set) var firstByte = Duration.zero
    }
}
