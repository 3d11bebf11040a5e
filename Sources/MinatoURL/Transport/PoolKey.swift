/// What connections have to have in common, beside the origin, for a request to use one that another request left.
///
/// libcurl compares less than that in places; so connections with different keys are kept apart from the beginning.
struct PoolKey: Hashable, Sendable {
    let skipsPeerVerification: Bool
    /// With its credentials: who is known to a proxy as somebody else gets connections of his own.
    let proxy: Proxy?

    init(_ request: URLOpener.Request) {
        skipsPeerVerification = request.skipsPeerVerification
        proxy = request.proxy
    }
}
