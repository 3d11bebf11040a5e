/// A retrieve between its responses: the files and the reports of progress, in the order in which both faces have them.
final class Retrieval {
    /// What follows from a response.
    enum Next {
        /// Its body is to be read.
        case read
        /// Nothing more is to be done.
        case complete(URLOpener.Retrieved)
        /// The request is to be sent again, a new one.
        case ask
        /// The response is the end.
        case refuse(OpenError)
    }

    private var plan: RetrievePlan
    private let path: String
    private let url: String
    private let progress: ((URLOpener.Retrieved) -> Void)?
    private var partial: PartialFile?
    /// What the body goes to.
    private var file: (any BodyFile)?
    private var response: (head: URLOpener.ResponseHead, url: String)?

    init(
        _ request: URLOpener.Request, to path: String, resumes: Bool, limit: Int,
        progress: ((URLOpener.Retrieved) -> Void)?
    ) throws(OpenError) {
        plan = try RetrievePlan(request, resumes: resumes, limit: limit)
        (self.path, self.progress, url) = (path, progress, request.url)
        guard resumes else { return }
        let partial = try perform { () throws(SavedFile.Failure) in try PartialFile(path) }
        self.partial = partial
        if let note = partial.readNote() { plan.resume(from: RetrievePlan.Partial(count: partial.count, note: note)) }
    }

    /// The request to open.
    func request() throws(OpenError) -> URLOpener.Request { try plan.request() }

    /// Whether an error of opening is an answer to what was asked for: nothing comes after what is there.
    func isAnswer(_ error: OpenError) -> Bool {
        plan.partial != nil && error.code == .httpStatus && error.status == 416
    }

    /// What follows from the response to the request.
    func receive(_ head: URLOpener.ResponseHead, url: String) throws(OpenError) -> Next {
        response = (head, url)
        switch plan.receive(head, from: url) {
        case .restart(let note):
            try perform { () throws(SavedFile.Failure) in
                try self.partial?.beginAnew(note)
                self.file = if let partial = self.partial { partial } else { try SavedFile(self.path) }
            }
        case .append: file = partial
        case .complete:
            file = partial
            report()
            return .complete(try finish())
        case .askForWhole: return .ask
        case .fail(let code, let detail): return .refuse(OpenError(code, .open, url: url, detail: detail))
        }
        report()
        return .read
    }

    /// Writes bytes of the body.
    func take(_ bytes: [UInt8]) throws(OpenError) {
        try plan.take(bytes.count, url: response?.url ?? url)
        try perform { () throws(SavedFile.Failure) in try self.file?.write(bytes.span) }
        report()
    }

    /// The body has ended: the file gets its name.
    func finish() throws(OpenError) -> URLOpener.Retrieved {
        try plan.finish(url: response?.url ?? url)
        try perform { () throws(SavedFile.Failure) in try self.file?.commit() }
        return state(total: plan.count)
    }

    private func report() {
        progress?(state(total: plan.total))
    }

    private func state(total: Int?) -> URLOpener.Retrieved {
        URLOpener.Retrieved(
            head: response?.head ?? URLOpener.ResponseHead(status: 200), url: response?.url ?? url,
            byteCount: plan.count, totalCount: total, resumedAt: plan.resumedAt)
    }

    private func perform<Value>(_ body: () throws(SavedFile.Failure) -> Value) throws(OpenError) -> Value {
        do throws(SavedFile.Failure) { return try body() } catch { throw error.error(url: response?.url ?? url) }
    }
}
