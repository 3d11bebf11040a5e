/// What connections have to have in common, beside the origin, for a request to use one that another request left.
///
/// libcurl compares less than that in places; so connections with different keys are kept apart from the beginning.
struct PoolKey: Hashable, Sendable {
    let skipsPeerVerification: Bool

    init(_ request: URLOpener.Request) {
        skipsPeerVerification = request.skipsPeerVerification
    }
}
