import Minato
import Synchronization
import TestSupport

/// The requests that a server got, head and body of each as text, oldest first.
final class SeenRequests: Sendable {
    private let kept = Mutex<[String]>([])

    func append(_ request: String) { kept.withLock { $0.append(request) } }

    var all: [String] { kept.withLock { $0 } }
}

/// Serves on a port of its own for as long as a body runs, and answers every request as a closure says.
///
/// - Parameters:
///   - answer: Gets a request, head and body, and gives the whole response.
///   - body: Gets the beginning of the server's URLs, `http://127.0.0.1:PORT`, and what was asked so far.
func withSite(
    answering answer: @escaping @Sendable (String) -> String,
    _ body: (_ site: String, _ seen: SeenRequests) async throws -> Void
) async throws {
    let seen = SeenRequests()
    let server = try TCPServer(on: .tcp("127.0.0.1", 0))
    let serving = Task {
        try await server.serve { connection in
            while let request = try await readRequest(from: connection) {
                seen.append(request)
                try await connection.write(answer(request))
            }
        }
    }
    do {
        try await body("http://127.0.0.1:\(server.address.port ?? 0)", seen)
    } catch {
        server.shutdown()
        throw error
    }
    server.shutdown()
    // It says that it was closed when that came before it began to serve.
    _ = await serving.result
}

/// A request with a body of known length, or none; nil when the client is gone.
private func readRequest(from connection: Connection) async throws -> String? {
    var head = ""
    repeat {
        guard let line = try await connection.readLine() else { return nil }
        head += String(decoding: line, as: UTF8.self)
    } while !head.hasSuffix("\r\n\r\n") && head != "\r\n"
    let length = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }.flatMap {
        Int($0.dropFirst(16))
    }
    return head + String(decoding: try await connection.read(exactly: length ?? 0), as: UTF8.self)
}

/// A response with a body and its length.
func okay(_ body: String, _ fields: String...) -> String {
    "HTTP/1.1 200 OK\r\n\(fields.map { $0 + "\r\n" }.joined())Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
}

/// A response that says where to go on.
func redirect(_ status: Int, to location: String) -> String {
    "HTTP/1.1 \(status) Elsewhere\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n"
}

/// The text of bytes.
func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// What an operation of URL opening throws.
func openError(_ body: () async throws -> Void) async -> OpenError? {
    do { try await body() } catch { return error as? OpenError }
    return nil
}
