internal import MinatoLoop

/// The request that an opener completed last, for programs that open the same one again and again: then nothing is compared and
/// copied, here and where its options are set.
///
/// **Threads.** Any.
final class LastRequest: Sendable {
    private let last = Guarded<(given: URLOpener.Request, completed: URLOpener.Request)?>(nil)

    /// A request as it crosses to the transport.
    ///
    /// - Parameter decodes: The same each time.
    func completed(_ request: URLOpener.Request, decodes: Bool) throws(OpenError) -> URLOpener.Request {
        let known = last.withLock { last in
            if let last, last.given.isCopy(of: request) { last.completed } else { nil as URLOpener.Request? }
        }
        if let known { return known }
        let completed = try request.completed(decodes: decodes)
        // No body and no secret is kept.
        if !request.hasBody, !request.hasProxy, request.location.userInformation == nil,
            !request.fields.contains(where: \.isSensitive)
        {
            // Those of before go outside the lock.
            let before = last.withLock { last in
                defer { last = (request, completed) }
                return last
            }
            _ = before
        }
        return completed
    }
}
