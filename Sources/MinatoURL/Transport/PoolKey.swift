/// What connections have to have in common, beside the origin, for a request to use one that another request left.
///
/// libcurl compares less than that in places; so connections with different keys are kept apart from the beginning.
struct PoolKey: Equatable, Sendable {
    let skipsPeerVerification: Bool
    /// With its credentials: who is known to a proxy as somebody else gets connections of his own.
    private let proxy: Box<Proxy>?

    init(_ request: URLOpener.Request) {
        skipsPeerVerification = request.skipsPeerVerification
        proxy = request.proxyBox
    }

    static func == (one: PoolKey, other: PoolKey) -> Bool {
        guard one.skipsPeerVerification == other.skipsPeerVerification else { return false }
        guard let proxy = one.proxy, let otherProxy = other.proxy else {
            return one.proxy == nil && other.proxy == nil
        }
        return proxy.isCopy(of: otherProxy) || proxy.value == otherProxy.value
    }
}
