internal import MinatoLoop

extension URLOpener {
    /// The limits of an open, from what its caller says and from the configuration.
    func limits(_ request: Request, _ timeout: Duration?, _ deadline: Deadline) throws(OpenError) -> HopLimits {
        let timeouts = configuration.timeouts
        for duration in [timeout, timeouts.connect, timeouts.firstByte, timeouts.idle, timeouts.total] {
            guard duration.map({ $0 >= .zero }) ?? true else { throw request.refusal("a negative timeout") }
        }
        return HopLimits(
            connect: timeout ?? timeouts.connect, firstByte: timeout ?? timeouts.firstByte,
            idle: timeout ?? timeouts.idle, deadline: min(deadline, .after(timeouts.total)),
            minimumRate: timeouts.minimumRate)
    }

    /// The length of the body that the head announces, where there is one.
    static func expectedCount(_ head: ResponseHead, _ request: Request) -> Int? {
        let hasBody = request.method != "HEAD" && head.status != 204 && head.status != 304
        return hasBody && !head.isDecoded ? head.contentLength : nil
    }
}
