public import MinatoLoop

extension URLOpener {
    /// What an opener is made with beside its handlers. Each part has defaults that suit most programs.
    ///
    /// ```swift
    /// var configuration = URLOpener.Configuration()
    /// configuration.timeouts.total = .seconds(60)
    /// let opener = URLOpener(configuration: configuration)
    /// ```
    ///
    /// A value: an opener keeps the one that it was made with. Nothing is checked here; what cannot be makes opens fail.
    ///
    /// Python: the arguments `timeout` and `context` of `urlopen`; for the rest there is nothing.
    public struct Configuration: Sendable {
        /// The loop for what tasks open. Default: nil, one of ``EventLoopGroup/shared``, taken at the first open.
        public var loop: EventLoop?

        /// How long what may take, unless an open says otherwise.
        public var timeouts = Timeouts()

        /// How it gets to servers.
        public var network = Network()

        /// Whom it trusts.
        public var tls = TLS()

        /// Whether bodies come compressed.
        public var decoding = Decoding()

        /// When an open that failed is tried once more. Default: off.
        public var retries = Retries.off

        /// The defaults.
        public init() {}
    }

    /// A configuration behind one reference, for what is made for each request.
    final class SharedConfiguration: Sendable {
        let value: Configuration
        init(_ value: Configuration) { self.value = value }
    }

    /// How long the steps of an open may take. What takes longer ends with `timedOut`, whose operation names the step, or
    /// with `deadlineExceeded`.
    ///
    /// The `timeout` of an open stands in for the first three, as Python's does. A negative one makes opens fail
    /// (`badRequest`).
    ///
    /// Python: `timeout`, which is these three in one; nothing for the others.
    public struct Timeouts: Sendable {
        /// For looking the name up, connecting, and TLS together, with each redirect anew. Default: 30 s; nil is no limit.
        public var connect: Duration? = .seconds(30)

        /// From then on, or from the last byte of the request that went out, to the head of the response. Default: nil, no
        /// limit.
        public var firstByte: Duration?

        /// The longest time without a byte of the body while somebody waits for one. Default: nil, no limit.
        public var idle: Duration?

        /// For everything, from the call of open to the end of the body, redirects included. Default: nil, no limit.
        public var total: Duration?

        /// What has to move at least, lest the transfer end with `tooSlow`. Default: nil, no limit.
        public var minimumRate: MinimumRate?

        /// For reading a body that no handler wants to its end, so that its connection can be used again.
        var unwanted = Duration.milliseconds(250)

        /// The defaults.
        public init() {}
    }

    /// A rate that a transfer must not stay below, sending or receiving: a server that sends a byte now and then keeps every
    /// other limit but the total.
    ///
    /// Python: nothing of the kind. See CURLOPT_LOW_SPEED_LIMIT(3).
    public struct MinimumRate: Hashable, Sendable {
        /// Bytes in a second; what is below 1 counts as 1.
        public var bytesPerSecond: Int

        /// For how long it may be below; rounded up to whole seconds, 1 at least.
        public var period: Duration

        /// Makes a rate.
        ///
        /// - Parameters:
        ///   - bytesPerSecond: Bytes in a second, 1 or more.
        ///   - period: For how long it may be below, while the response is awaited as well. While it is the reader who is slow,
        ///     so that the buffer is full, it does not count. Default: 30 s.
        public init(bytesPerSecond: Int, for period: Duration = .seconds(30)) {
            self.bytesPerSecond = bytesPerSecond
            self.period = period
        }
    }
}
