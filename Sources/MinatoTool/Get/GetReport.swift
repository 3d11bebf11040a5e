import Minato

/// What `minato get --json` says of a response, or of the lack of one.
struct GetReport {
    /// Without user name and password.
    var url: String?
    private let file: String?
    private let start = ContinuousClock.now
    private var head: URLOpener.ResponseHead?
    private var byteCount: Int?
    private var resumedAt: Int?

    init(file: String?) { self.file = file }

    /// The response is there, and so many bytes of its body, or of the file.
    mutating func note(_ head: URLOpener.ResponseHead, _ url: String, byteCount: Int?, resumedAt: Int? = 0) {
        (self.head, self.url, self.byteCount, self.resumedAt) = (head, url, byteCount, resumedAt)
    }

    /// One object; `error` is what ended it.
    func text(_ error: (any Error)?) -> String {
        let error = error.map { Failure($0) }
        let response = error?.openError?.blockingResponse
        let head = head ?? response?.head
        return JSON.object([
            ("url", .string(response?.url ?? url ?? error?.openError?.url)),
            ("status", .integer(head?.status)), ("reason", .string(head?.reason)),
            ("httpVersion", .string(head?.httpVersion)), ("fields", head.map(Self.fields) ?? .null),
            ("remoteAddress", .string(head?.connection.remoteAddress?.description)),
            ("timings", timings(head)), ("bytes", .integer(byteCount)), ("resumedAt", .integer(resumedAt)),
            ("file", error == nil ? .string(file) : .null), ("error", error?.json ?? .null),
        ]).text
    }

    private static func fields(_ head: URLOpener.ResponseHead) -> JSON {
        .array(head.fields.map { .object([("name", .string($0.name.rawName)), ("value", .string($0.value))]) })
    }

    private func timings(_ head: URLOpener.ResponseHead?) -> JSON {
        guard let timings = head?.connection.timings else { return .null }
        return .object([
            ("nameLookup", .seconds(timings.nameLookup)), ("connect", .seconds(timings.connect)),
            ("tlsHandshake", .seconds(timings.tlsHandshake)), ("requestStart", .seconds(timings.requestStart)),
            ("firstByte", .seconds(timings.firstByte)), ("total", .seconds(start.duration(to: .now))),
        ])
    }

    /// An error, of whichever kind.
    private struct Failure {
        let openError: OpenError?
        let detail: String

        init(_ error: any Error) {
            openError = error as? OpenError
            detail = openError?.detail ?? "\(error)"
        }

        var json: JSON {
            .object([
                ("code", .string(openError?.code.rawValue ?? "fileFailed")),
                ("operation", .string(openError?.operation.rawValue)), ("detail", .string(detail)),
                ("status", .integer(openError?.status)),
            ])
        }
    }
}
