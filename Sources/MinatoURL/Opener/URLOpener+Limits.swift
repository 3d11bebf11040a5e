internal import MinatoSocket

extension URLOpener {
    /// Without a timeout of the caller's, this much is allowed for connecting.
    private static let connectTimeout = Duration.seconds(30)

    /// The limits of a hop.
    static func limits(
        _ request: Request, _ timeout: Duration?, _ deadline: Deadline
    ) throws(OpenError) -> HopLimits {
        guard timeout.map({ $0 >= .zero }) ?? true else { throw request.refusal("a negative timeout") }
        return HopLimits(connect: timeout ?? connectTimeout, firstByte: timeout, idle: timeout, deadline: deadline)
    }

    /// The length of the body that the head announces, where there is one.
    static func expectedCount(_ head: ResponseHead, _ request: Request) -> Int? {
        let hasBody = request.method != "HEAD" && head.status != 204 && head.status != 304
        return hasBody ? head.contentLength : nil
    }
}
