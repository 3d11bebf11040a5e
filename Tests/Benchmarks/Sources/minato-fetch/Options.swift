internal import Glibc

/// The command line of `minato-fetch`.
struct Options: Sendable {
    enum Face: String {
        case tasks
        case blocking
    }

    var url = ""
    var face = Face.tasks
    var concurrency = 1
    var seconds = 1.0
    /// The file of the certificates to trust; nil for those of the system.
    var authority: String?
    /// Whether each request has a connection of its own.
    var closes = false
    /// Whether bodies come as they are.
    var isIdentity = false
    /// Whether a closure takes the pieces of bodies where they are received.
    var isStreamed = false
    /// Whether bodies are read by pieces, which are copies.
    var isRead = false

    /// Whether one request is all.
    var isOnce = false

    /// Reads the command line; ends the program with status 64 when it cannot be understood.
    init(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        while let word = rest.popFirst() {
            switch word {
            case "--close": closes = true
            case "--identity": isIdentity = true
            case "--stream": isStreamed = true
            case "--read": isRead = true
            case "--once": isOnce = true
            case "--face": face = Self.required(Face(rawValue: rest.popFirst() ?? ""))
            case "--concurrency": concurrency = Self.required(Int(rest.popFirst() ?? ""))
            case "--seconds": seconds = Self.required(Double(rest.popFirst() ?? ""))
            case "--ca": authority = Self.required(rest.popFirst())
            default: url = word
            }
        }
        _ = Self.required(url.isEmpty ? nil : url)
    }

    private static func required<Value>(_ value: Value?) -> Value {
        if let value { return value }
        print("usage: minato-fetch URL [--face tasks|blocking] [--concurrency N] [--seconds S] [--ca FILE]")
        print("                    [--close] [--identity] [--stream] [--read] [--once]")
        exit(64)
    }
}
