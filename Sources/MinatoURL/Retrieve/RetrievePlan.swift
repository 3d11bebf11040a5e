internal import HTTPTypes

/// The decisions of a retrieve: what is asked for, and what a response is to the file. It neither sends nor writes.
struct RetrievePlan {
    /// What is there from an earlier call.
    struct Partial: Equatable {
        /// How many bytes, at least one.
        var count: Int
        var note: ResumeNote
    }

    /// What follows from the head of a response.
    enum Step: Equatable {
        /// The body is all of it: the file begins anew, and this is kept beside it, if anything.
        case restart(ResumeNote?)
        /// The body is the rest of it.
        case append
        /// All of it is there already.
        case complete
        /// The response is no use: all of it is to be asked for.
        case askForWhole
        /// That is the end.
        case fail(OpenError.Code, String)
    }

    private let original: URLOpener.Request
    private let resumes: Bool
    private let limit: Int
    /// What the request goes on from; nil when it asks for all.
    private(set) var partial: Partial?
    /// How many bytes the file has.
    private(set) var count = 0
    /// How many of them were there before.
    private(set) var resumedAt = 0
    /// How many bytes the file has at the end of the body; nil when nobody knows.
    private var end: Int?
    /// How many it has when it is whole; nil when nobody knows.
    private(set) var total: Int?

    /// Begins.
    ///
    /// - Parameters:
    ///   - request: What the program asks for.
    ///   - resumes: Whether a later call is to be able to go on.
    ///   - limit: How many bytes the file may have.
    /// - Throws: `badRequest` for a request whose answer is not the file, or cannot be gone on with.
    init(_ request: URLOpener.Request, resumes: Bool, limit: Int) throws(OpenError) {
        original = request
        self.resumes = resumes
        self.limit = limit
        guard limit >= 0 else { throw request.refusal("a negative limit") }
        guard request.method != "HEAD" else { throw request.refusal("the answer to HEAD has no body to retrieve") }
        try refuse(["Range", "If-Range"], "retrieve sets the field")
        guard resumes else { return }
        guard request.method == "GET", request.body == nil else {
            throw request.refusal("only a GET without a body can be resumed")
        }
        try refuse(
            ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"],
            "nothing is resumed with the field")
        guard request.fields.allSatisfy({ !$0.isNamed("Accept-Encoding") || $0.value == "identity" }) else {
            throw request.refusal("an encoded body cannot be resumed")
        }
    }

    private func refuse(_ names: [String], _ reason: String) throws(OpenError) {
        for name in names where original.field(name) != nil { throw original.refusal("\(reason) \(name)") }
    }

    /// Takes note of what is there; of another URL, or longer than the whole, it is of no use.
    mutating func resume(from partial: Partial) {
        guard partial.count > 0, partial.note.url == original.location.target,
            partial.note.total.map({ partial.count <= $0 }) ?? true
        else { return }
        self.partial = partial
    }

    /// The request that is to be sent.
    func request() throws(OpenError) -> URLOpener.Request {
        var request = original
        if resumes { try request.setField("Accept-Encoding", "identity") }
        if let partial {
            try request.addField("Range", "bytes=\(partial.count)-")
            try request.addField("If-Range", partial.note.validator.text)
        }
        return request
    }
}

// What comes.
extension RetrievePlan {
    /// What follows from the head of the response to the request.
    ///
    /// - Parameter url: Where it came from, nil for the URL of the request.
    mutating func receive(_ head: URLOpener.ResponseHead, from url: String? = nil) -> Step {
        let source = url.map { String($0.prefix { $0 != "#" }) } ?? original.location.target
        guard let partial else { return whole(head, source) }
        var (newEnd, newTotal): (Int?, Int?)
        switch head.status {
        case 206 where source != partial.note.source, 416 where source != partial.note.source: break
        case 206: (newEnd, newTotal) = continuation(of: partial, head)
        case 416: (newEnd, newTotal) = isComplete(partial, head) ? (partial.count, partial.count) : (nil, nil)
        default: return whole(head, source)
        }
        guard let newEnd, let newTotal else {
            self.partial = nil
            return .askForWhole
        }
        (count, resumedAt, end, total) = (partial.count, partial.count, newEnd, newTotal)
        guard newTotal <= limit else { return tooLong }
        return head.status == 206 ? .append : .complete
    }

    private mutating func whole(_ head: URLOpener.ResponseHead, _ source: String) -> Step {
        guard head.status != 206 else { return .fail(.badRange, "the server sent a part, and the whole was asked for") }
        (count, resumedAt) = (0, 0)
        end = URLOpener.expectedCount(head, original)
        total = end
        guard total ?? 0 <= limit else { return tooLong }
        return .restart(resumes ? ResumeNote(head, url: original.location.target, source: source, total: total) : nil)
    }

    private var tooLong: Step { .fail(.limitExceeded, "the body is longer than \(limit) bytes") }

    /// Where a part ends, and how much the whole is, if the part begins where the file ends and is of the same version.
    private func continuation(of partial: Partial, _ head: URLOpener.ResponseHead) -> (end: Int?, total: Int?) {
        guard case .part(let range, let said)? = head.only(.contentRange).flatMap({ ContentRange($0) }),
            range.lowerBound == partial.count, !head.isEncoded, partial.note.matches(head, says: true),
            // Without any total nobody could tell when the file is whole.
            let total = said ?? partial.note.total, total == partial.note.total ?? total, range.upperBound < total,
            head.contentLength ?? range.count == range.count
        else { return (nil, nil) }
        return (range.upperBound + 1, total)
    }

    /// Whether there is nothing after what is there.
    private func isComplete(_ partial: Partial, _ head: URLOpener.ResponseHead) -> Bool {
        guard case .unsatisfied(let total)? = head.only(.contentRange).flatMap({ ContentRange($0) }) else {
            return false
        }
        return total == partial.count && total == partial.note.total ?? total
            && partial.note.matches(head, says: false)
    }

    /// So many bytes have come and are to be written.
    ///
    /// - Throws: `limitExceeded`, or `badRange` for more than the server named; they are not to be written then.
    mutating func take(_ more: Int, url: String) throws(OpenError) {
        guard more <= limit - count else {
            throw OpenError(.limitExceeded, .save, url: url, detail: "the body is longer than \(limit) bytes")
        }
        guard more <= (end ?? .max) - count else {
            throw OpenError(.badRange, .read, url: url, detail: "more came than the head of the response says")
        }
        count += more
    }

    /// The body has ended.
    ///
    /// - Throws: `truncated` when that was too early.
    func finish(url: String) throws(OpenError) {
        guard let total, count < total else { return }
        throw OpenError(.truncated, .read, url: url, detail: "the body ended after \(count) of \(total) bytes")
    }
}
