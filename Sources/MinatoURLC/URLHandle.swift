internal import MinatoLoop
internal import MinatoURL

/// What a `minato_url` stands for: what is asked for, and the response.
///
/// **Threads.** Any. Opening and reading exclude each other, and fail rather than wait; nothing else waits for them.
final class URLHandle: Sendable {
    /// A header of the response, as the server sent it.
    struct Header: Sendable {
        let name: [UInt8]
        let value: [UInt8]
    }

    private struct State {
        var request: URLOpener.Request
        var timeout: Duration?
        /// For everything.
        var total: Duration?
        var limit = Int.max

        var response: URLOpener.BlockingResponse? {
            didSet { headers = nil }
        }
        /// Those of this response, when they have been asked for.
        var headers: [Header]?
        /// How many bytes of its body have been read.
        var received = 0
        /// Whether a thread opens or reads.
        var isBusy = false
        var errorText = ""
    }

    private let opener: OpenerHandle
    private let cancellation = OpenCancellation()
    private let state: Guarded<State>

    init(_ opener: OpenerHandle) throws(Failure) {
        self.opener = opener
        do throws(OpenError) {
            // The URL comes when it is opened.
            state = Guarded(State(request: try URLOpener.Request("data:,")))
        } catch {
            throw Failure(error)
        }
    }

    func cancel() { cancellation.cancel() }

    /// Keeps the line of a failure.
    func note(_ failure: Failure) { state.withLock { $0.errorText = failure.text } }

    var errorText: String { state.withLock { $0.errorText } }

    /// Runs what one thread at a time may do.
    private func exclusively<Result>(_ body: () throws(OpenError) -> Result) throws(Failure) -> Result {
        let wasBusy = state.withLock { state in
            defer { state.isBusy = true }
            return state.isBusy
        }
        if wasBusy { throw Failure(.busy, "another thread opens or reads") }
        defer { state.withLock { $0.isBusy = false } }
        do throws(OpenError) {
            guard !cancellation.isCancelled else { throw cancelled }
            return try body()
        } catch {
            throw Failure(cancellation.isCancelled ? cancelled : error)
        }
    }

    private var cancelled: OpenError {
        OpenError(.cancelled, operation: .open, url: "", detail: "cancelled or closed by the program")
    }
}

// What is asked for.
extension URLHandle {
    func change(_ body: (inout URLOpener.Request) throws(OpenError) -> Void) throws(Failure) {
        do throws(OpenError) {
            try state.withLock { (state) throws(OpenError) in try body(&state.request) }
        } catch {
            throw Failure(setting: error)
        }
    }

    func setTimeout(_ timeout: Duration?) { state.withLock { $0.timeout = timeout } }

    func setTotal(_ total: Duration?) { state.withLock { $0.total = total } }

    func setLimit(_ limit: Int?) { state.withLock { $0.limit = limit ?? .max } }
}

// Opening and reading.
extension URLHandle {
    func open(_ text: String) throws(Failure) {
        try exclusively { () throws(OpenError) in
            let settings = state.withLock { state in
                defer { (state.response, state.received) = (nil, 0) }
                return state
            }
            do throws(OpenError) {
                var request = settings.request
                try request.setURL(text)
                let response = try opener.opener.openBlocking(
                    request, timeout: settings.timeout, deadline: .after(settings.total), cancellation: cancellation)
                state.withLock { $0.response = response }
            } catch {
                state.withLock { $0.response = error.blockingResponse }
                throw error
            }
        }
    }

    /// Reads up to so many bytes, all of them or what is there.
    func read(_ count: Int, isExact: Bool) throws(Failure) -> [UInt8] {
        try exclusively { () throws(OpenError) in
            guard let response = state.withLock({ $0.response }) else {
                throw OpenError(.notOpen, operation: .read, url: "", detail: "there is no response")
            }
            let tooLong = OpenError(
                .limitExceeded, operation: .read, url: response.url, detail: "the body is longer than the limit")
            let left = state.withLock { $0.limit - $0.received }
            guard left >= 0 else { throw tooLong }
            // One byte more is too many, for good.
            let count = left == .max ? count : min(count, left + 1)
            let bytes = isExact ? try response.body.read(count) : try response.body.read(atMost: count)
            state.withLock { $0.received += bytes.count }
            guard bytes.count <= left else { throw tooLong }
            return bytes
        }
    }
}

// The response.
extension URLHandle {
    var response: URLOpener.BlockingResponse {
        get throws(Failure) {
            guard let response = state.withLock({ $0.response }) else {
                throw Failure(.notOpen, "there is no response")
            }
            return response
        }
    }

    var headers: [Header] {
        get throws(Failure) {
            let headers = state.withLock { state in
                if state.headers == nil {
                    state.headers = state.response?.fields.map { field in
                        Header(
                            name: Array(field.name.rawName.utf8),
                            value: unsafe field.withUnsafeBytesOfValue { unsafe Array($0) })
                    }
                }
                return state.headers
            }
            guard let headers else { throw Failure(.notOpen, "there is no response") }
            return headers
        }
    }

    /// The header at an index.
    func header(_ index: Int) throws(Failure) -> Header {
        let headers = try headers
        guard headers.indices.contains(index) else { throw Failure(.noHeader, "there is no header \(index)") }
        return headers[index]
    }

    /// The values of a header, joined.
    func header(_ name: String) throws(Failure) -> [UInt8] {
        let values = try headers.filter { $0.isNamed(name) }.map(\.value)
        guard !values.isEmpty else { throw Failure(.noHeader, "the response has no such header") }
        return Array(values.joined(separator: Array(", ".utf8)))
    }
}

extension URLHandle.Header {
    /// Whether it has that name, without regard to case.
    func isNamed(_ other: String) -> Bool {
        func lowered(_ byte: UInt8) -> UInt8 {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
        return name.map(lowered) == other.utf8.map(lowered)
    }
}
