import Glibc
import HTTPTypes
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

extension Face {
    /// Retrieves, in this task or in a thread of its own.
    @discardableResult
    func retrieve(
        _ opener: URLOpener, _ request: URLOpener.Request, to path: String, resume: Bool = false,
        upTo limit: Int = .max, timeout: Duration? = .seconds(40),
        progress: (@Sendable (URLOpener.Retrieved) -> Void)? = nil
    ) async throws(OpenError) -> URLOpener.Retrieved {
        switch self {
        case .tasks:
            try await opener.retrieve(
                request, to: path, resume: resume, upTo: limit, timeout: timeout, progress: progress)
        case .threads:
            try await inThread { () throws(OpenError) in
                try opener.retrieveBlocking(
                    request, to: path, resume: resume, upTo: limit, timeout: timeout, progress: progress)
            }
        }
    }

    /// Retrieves a URL.
    @discardableResult
    func retrieve(
        _ opener: URLOpener, _ url: String, to path: String, resume: Bool = false, upTo limit: Int = .max,
        progress: (@Sendable (URLOpener.Retrieved) -> Void)? = nil
    ) async throws(OpenError) -> URLOpener.Retrieved {
        try await retrieve(
            opener, URLOpener.Request(url), to: path, resume: resume, upTo: limit, progress: progress)
    }
}

extension TemporaryDirectory {
    /// What a file in it holds, or nil when there is none.
    func content(_ name: String) throws -> [UInt8]? {
        let descriptor = unsafe open(file(name), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var (bytes, chunk): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 1 << 20))
        while case let count = unsafe read(descriptor, &chunk, chunk.count), count > 0 { bytes += chunk.prefix(count) }
        return bytes
    }

    /// The names in it, in order.
    var names: [String] {
        get throws {
            try ChildProcess(["ls", "-A", path]).readToEnd().split(separator: "\n").map(String.init)
        }
    }

    /// The descriptors of this process that lead into it.
    var openDescriptors: [Int32: String] {
        LeakCheck.openDescriptors().filter { $0.value.hasPrefix(path + "/") }
    }

    /// Leaves what an earlier call would have left.
    func leave(_ content: [UInt8], of url: String, _ validator: ResumeNote.Validator, total: Int? = nil) throws {
        _ = try write("file.part", content)
        _ = try write("file.part.meta", Array(ResumeNote(url: url, validator: validator, total: total).text.utf8))
    }
}

extension URLOpener.ResponseHead {
    /// A head with these fields.
    init(_ status: Int, _ fields: [(String, String)]) {
        var all = HTTPFields()
        for (name, value) in fields {
            if let name = HTTPField.Name(name) { all.append(HTTPField(name: name, value: value)) }
        }
        self.init(status: status, fields: all)
    }
}

/// The counts that a retrieve reports.
final class Reports: Sendable {
    private let kept = Outcome.Kept<URLOpener.Retrieved>()

    var all: [URLOpener.Retrieved] { kept.values }
    var counts: [Int] { all.map(\.byteCount) }

    var take: @Sendable (URLOpener.Retrieved) -> Void { { [kept] in kept.append($0) } }
}
