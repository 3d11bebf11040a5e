/// What the options of an easy handle were set for, so that the next transfer sets only what differs.
///
/// Only of plain requests, which have no body and go straight to an HTTP server: of all others nothing stays.
struct CurlSetting {
    private(set) var request: URLOpener.Request
    private let connect: Duration?
    private let minimumRate: URLOpener.MinimumRate?

    /// Fails for a request that leaves behind more than can be compared, or a secret.
    init?(_ request: URLOpener.Request, _ limits: HopLimits) {
        guard !request.hasBody, !request.hasProxy, !request.isForFTP,
            !["POST", "PUT", "PATCH"].contains(request.method), !request.fields.contains(where: \.isSensitive)
        else { return nil }
        self.request = request
        connect = limits.connect
        minimumRate = limits.minimumRate
    }

    /// Whether all options but URL and fields are right for another one.
    func suits(_ other: CurlSetting) -> Bool {
        connect == other.connect && minimumRate == other.minimumRate
            && (request.isCopy(of: other.request) || request.hasOptions(of: other.request))
    }

    /// Whether it has the same URL.
    func hasTarget(of other: CurlSetting) -> Bool {
        request.isCopy(of: other.request) || request.location.target == other.request.location.target
    }

    /// Whether it has the same fields.
    func hasFields(of other: CurlSetting) -> Bool {
        request.isCopy(of: other.request)
            || request.fields.elementsEqual(other.request.fields) { $0.value == $1.value && $0.name == $1.name }
    }
}

extension URLOpener.Request {
    /// Whether all options but URL and fields are the same for another plain request.
    fileprivate func hasOptions(of other: URLOpener.Request) -> Bool {
        isDecoded == other.isDecoded && method == other.method && skipsPeerVerification == other.skipsPeerVerification
            && location.origin == other.location.origin
    }
}
