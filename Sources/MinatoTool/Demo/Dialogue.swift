import Minato

/// A server program and a client program of the page, talking to each other.
protocol Dialogue {
    /// What it shows.
    static var title: String { get }
    /// Runs both programs and throws when a reply is not the right one.
    static func run(_ script: Script) async throws
}

/// What a dialogue is told and whom it tells.
struct Script: Sendable {
    /// Whether the server shall answer wrongly.
    let isPlanted: Bool

    /// No step of a demonstration takes longer, whatever goes wrong.
    let patience: Duration = .seconds(20)

    /// Shows a line of one of the programs. Where that fails, the lines of the command fail too, which tells it.
    func show(_ program: String, _ line: String) {
        try? Terminal.print("   \(program.padded(to: 8))\(line)")
    }

    /// What the server sends: `reply`, or something else when a wrong reply is planted.
    func served(_ reply: [UInt8]) -> [UInt8] {
        isPlanted ? Array("wrong".utf8) + reply.dropFirst(5) : reply
    }

    /// Throws unless a reply is the right one.
    func verify(_ what: String, _ actual: [UInt8], is expected: [UInt8]) throws(WrongReply) {
        if actual != expected { throw WrongReply(what: what, actual: actual, expected: expected) }
    }
}

/// A reply that is not the right one.
struct WrongReply: Error, CustomStringConvertible {
    let what: String
    let actual: [UInt8]
    let expected: [UInt8]

    var description: String { "\(what) was \(Self.text(actual)), not \(Self.text(expected))" }

    private static func text(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(60), as: UTF8.self)
        return text.debugDescription + (bytes.count > 60 ? "... (\(bytes.count) bytes)" : "")
    }
}

extension String {
    /// The text with spaces behind it up to a width.
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
