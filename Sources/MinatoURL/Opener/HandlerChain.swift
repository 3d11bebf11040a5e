/// The course of one open as a state machine: which request goes out next, and when the response is the result.
///
/// It performs nothing. Whoever drives it sends the requests and gives it the heads, in a thread that blocks or in a task that
/// suspends.
struct HandlerChain {
    /// What is to be done with the response just received.
    enum Step: Sendable {
        /// It is the result.
        case deliver
        /// Its body is of no interest; this request goes out, after a pause.
        case perform(URLOpener.Request, after: Duration = .zero)
        /// The open fails, with the response in the error.
        case fail(OpenError)
    }

    /// A bound for handlers that send requests anew for ever.
    ///
    /// Redirects and authentication have narrower ones.
    private static let maximumHops = 50

    private let handlers: HandlerList
    private let decodes: Bool
    private let last: LastRequest
    private var retries: RetryState?
    private(set) var exchange: URLOpener.Exchange

    /// Begins an open.
    ///
    /// - Parameters:
    ///   - handlers: The handlers, in order.
    ///   - request: The request of the program.
    ///   - decodes: Whether servers are asked for encoded bodies.
    ///   - retries: What is tried again; nil for nothing.
    ///   - last: What the opener completed last.
    init(
        _ handlers: HandlerList, request: URLOpener.Request, decodes: Bool = false, retries: RetryState? = nil,
        last: LastRequest = LastRequest()
    ) {
        self.last = last
        self.retries = retries
        self.handlers = handlers
        self.decodes = decodes
        exchange = URLOpener.Exchange(request)
    }

    /// The first request to send.
    mutating func begin() throws(OpenError) -> URLOpener.Request {
        try prepare()
    }

    /// The response that a handler gives to a request by itself, or nil: it is to be sent.
    ///
    /// - Throws: What the handler throws; `unsupportedScheme` when nobody answers a URL that no server can be asked for.
    ///
    /// Changes nothing, but a chain that may be changed is not copied for it.
    mutating func answer(_ request: URLOpener.Request) throws(OpenError) -> Hop? {
        for entry in handlers.answering {
            guard let answer = try entry.handler.answer(request, in: exchange) else { continue }
            return Hop(answer, url: request.url)
        }
        guard request.location.isHTTP || request.isForFTP else {
            throw error(.unsupportedScheme, .handle, "no handler answers the scheme \(request.location.origin.scheme)")
        }
        return nil
    }

    /// What follows from the head of the response to the request sent last.
    mutating func receive(_ head: URLOpener.ResponseHead) -> Step {
        do throws(OpenError) {
            // RFC 9110 section 10.1.1: a server that does not know the expectation gets the request without it.
            if head.status == 417 && exchange.request.expectsContinue {
                var request = exchange.request
                request.expectsContinue = false
                return try perform(request, after: head, because: .other)
            }
            let exchange = exchange
            // Nearly every response.
            let isPlainSuccess =
                200...299 ~= head.status && !exchange.request.fields.contains { $0.credentials != nil }
            for entry in handlers.examining where !(isPlainSuccess && entry.stages.contains(.acceptsSuccess)) {
                switch try entry.handler.examine(head, in: exchange) {
                case .accept: continue
                case .fail(let code, let detail): return .fail(error(code, .handle, detail))
                case .retry(let request, let reason): return try perform(request, after: head, because: reason)
                }
            }
        } catch {
            return .fail(error)
        }
        if 200...299 ~= head.status { return .deliver }
        if let pause = retries?.pause(after: head, of: exchange.request) {
            exchange.hops.append(URLOpener.Exchange.Hop(request: exchange.request, head: head, reason: .unavailable))
            return again(after: pause)
        }
        return .fail(statusError(head))
    }

    /// The error that a status is.
    func statusError(_ head: URLOpener.ResponseHead) -> OpenError {
        let detail = head.reason.isEmpty ? "\(head.status)" : "\(head.status) \(head.reason)"
        return error(.httpStatus, .open, detail)
    }

    /// What follows when the request sent last got no response: another try, or the error itself.
    mutating func receive(_ error: OpenError) -> Step {
        guard let pause = retries?.pause(after: error, of: exchange.request) else { return .fail(error) }
        return again(after: pause)
    }

    private mutating func again(after pause: Duration) -> Step {
        do throws(OpenError) {
            return .perform(try prepare(), after: pause)
        } catch {
            return .fail(error)
        }
    }

    private mutating func perform(
        _ request: URLOpener.Request, after head: URLOpener.ResponseHead, because reason: URLOpener.RetryReason
    ) throws(OpenError) -> Step {
        exchange.hops.append(URLOpener.Exchange.Hop(request: exchange.request, head: head, reason: reason))
        guard exchange.hops.count < Self.maximumHops else {
            return .fail(error(.tooManyRetries, .handle, "handlers asked for \(Self.maximumHops) requests"))
        }
        guard request.body?.isRestartable != false else {
            let detail = "the answer \(head.status) asks for the request again, and its body cannot be sent twice"
            return .fail(error(.notRestartable, .handle, detail))
        }
        exchange.request = request
        return .perform(try prepare())
    }

    private mutating func prepare() throws(OpenError) -> URLOpener.Request {
        let before = exchange
        var request = before.request
        for entry in handlers.preparing { try entry.handler.prepare(&request, in: before) }
        exchange.request = request
        return try last.completed(request, decodes: decodes)
    }

    private func error(_ code: OpenError.Code, _ operation: OpenError.Operation, _ detail: String) -> OpenError {
        OpenError(code, operation, url: exchange.request.url, detail: detail)
    }
}
