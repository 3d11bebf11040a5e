import Glibc
import Testing

@testable import MinatoURL

/// What a server sends that is wrong, or only looks so, and what has to come of it.
struct HostileRow: Sendable, CustomTestStringConvertible {
    enum Outcome: Equatable, Sendable {
        /// The open fails, and says so.
        case head(OpenError.Code, String)
        /// The body has so many bytes, and then an error.
        case body(OpenError.Code, String, after: Int)
        /// All is well.
        case okay(String)

        var isOkay: Bool { if case .okay = self { true } else { false } }

        /// Whether it is what was expected. Some words are libcurl's, and hold for the version that they were taken from.
        func isExpected(_ expected: Outcome) -> Bool {
            Self.hasKnownWords ? self == expected : withoutWords == expected.withoutWords
        }

        private var withoutWords: Outcome {
            switch self {
            case .head(let code, _): .head(code, "")
            case .body(let code, _, let count): .body(code, "", after: count)
            case .okay: self
            }
        }

        private static let hasKnownWords: Bool = {
            guard let symbol = unsafe dlsym(nil, "curl_version") else { return false }
            let version = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> UnsafePointer<CChar>).self)
            return unsafe String(cString: version()).hasPrefix("libcurl/7.88.")
        }()
    }

    /// Who ends the connection: the server after it has sent all, or, when that has been read, with a reset; or the client by
    /// itself; or nobody, for it serves the next request.
    enum Ending: Sendable { case server, reset, client, nobody }

    let name: String
    let bytes: [UInt8]
    let outcome: Outcome
    let ending: Ending
    /// Not what is a flood: 300 KiB, of each of which the parser looks at every byte.
    var isSplit: Bool { bytes.count < 200_000 }
    var testDescription: String { name }

    private let namesItsServer: Bool
    private static let port = ":00000/"

    /// - Parameter ending: nil for the client's, where something is wrong, and nobody's where all is well.
    init(_ name: String, _ text: String, _ outcome: Outcome, ending: Ending? = nil) {
        self.name = name
        bytes = Array(text.utf8)
        namesItsServer = text.contains(Self.port)
        self.outcome = outcome
        self.ending = ending ?? (outcome.isOkay ? .nobody : .client)
    }

    /// One with the status 200.
    init(_ name: String, fields: String, body: String = "", _ outcome: Outcome, ending: Ending? = nil) {
        self.init(name, "HTTP/1.1 200 OK\r\n\(fields)\r\n\(body)", outcome, ending: ending)
    }

    /// What is sent to a request: with the port of the server that got it where the row has five zeros.
    func bytes(from request: String) -> [UInt8] {
        guard namesItsServer else { return bytes }
        let port = request.split(separator: ":", maxSplits: 2).last?.prefix(5) ?? ""
        return Array(String(decoding: bytes, as: UTF8.self).replacing(Self.port, with: ":\(port)/").utf8)
    }

    /// Opens a URL, reads all of it, and says what came of it.
    static func outcome(_ face: Face, _ opener: URLOpener, _ url: String) async -> Outcome {
        let body: AnyBody
        do {
            body = try await face.open(opener, url, timeout: .seconds(60)).body
        } catch {
            return .head(error.code, error.detail)
        }
        var bytes: [UInt8] = []
        do {
            while case let piece = try await body.read(atMost: 1000), !piece.isEmpty { bytes += piece }
            return .okay(String(decoding: bytes, as: UTF8.self))
        } catch {
            return .body(error.code, error.detail, after: bytes.count)
        }
    }
}
