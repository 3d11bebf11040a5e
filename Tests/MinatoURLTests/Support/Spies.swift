import HTTPTypes
import MinatoSocket

@testable import MinatoURL

/// Sees every request as it is sent.
final class RequestLog: OpenerHandler {
    private let kept = Guarded<[URLOpener.Request]>([])

    /// After all others.
    var order: Int { 1000 }

    func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
        kept.withLock { $0.append(request) }
    }

    /// The requests since this was asked last.
    func take() -> [URLOpener.Request] {
        kept.withLock { kept in
            defer { kept = [] }
            return kept
        }
    }
}

/// Sends cookies back to whoever set them last, which is enough for one server.
final class CookieEcho: OpenerHandler {
    private let kept = Guarded<[String: String]>([:])

    /// Before the handlers that send requests anew.
    var order: Int { 100 }

    func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
        let cookies = kept.withLock { $0.map { "\($0.key)=\($0.value)" }.sorted() }
        if !cookies.isEmpty { try request.setField("Cookie", cookies.joined(separator: "; ")) }
    }

    func examine(
        _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Verdict {
        for value in head.fields[values: .setCookie] {
            let parts = value.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { kept.withLock { $0[String(parts[0])] = String(parts[1]) } }
        }
        return .accept
    }
}
