package import MinatoLoop

/// How long a hop may take.
package struct HopLimits: Sendable {
    /// For looking up the name, connecting and TLS together.
    package var connect: Duration?
    /// From then on, or from the last sign of life, to the head of the response.
    package var firstByte: Duration?
    /// The longest time without a byte of the body while somebody waits for one.
    package var idle: Duration?
    /// For everything, the body included.
    package var deadline: Deadline
    /// What has to move at least.
    package var minimumRate: URLOpener.MinimumRate?
    /// What may end it from another thread, when a thread opens.
    package var cancellation: OpenCancellation?

    package init(
        connect: Duration? = nil, firstByte: Duration? = nil, idle: Duration? = nil, deadline: Deadline = .none,
        minimumRate: URLOpener.MinimumRate? = nil
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.idle = idle
        self.deadline = deadline
        self.minimumRate = minimumRate
    }

    /// Whether there is time for a pause.
    func allow(_ pause: Duration) -> Bool {
        pause == .zero || Deadline.after(pause) < deadline
    }
}
