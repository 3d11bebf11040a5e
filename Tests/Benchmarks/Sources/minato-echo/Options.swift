internal import Glibc

/// The command line of `minato-echo`.
struct Options {
    enum Face: String, CaseIterable {
        case blocking
        case async
        /// As `async`, with a timeout on every operation.
        case asyncTimeout = "async-timeout"
        case responder
    }

    enum Transport: String, CaseIterable {
        case tcp
        case udp
    }

    var face = Face.async
    var transport = Transport.tcp
    /// The number of loops of the async and responder faces.
    var loops = 1
    /// The number of threads of the blocking face, and so of connections at a time.
    var threads = 64
    /// The most connections of the async and responder faces; nil: as many as the library takes by default.
    var maxConnections: Int?

    /// Reads the command line; ends the program with status 64 when it cannot be understood.
    init(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        while let name = rest.popFirst() {
            guard let value = rest.popFirst(), set(name, value) else {
                print("usage: minato-echo [--face \(Self.list(Face.self))] [--transport \(Self.list(Transport.self))]")
                print("                   [--loops N] [--threads N] [--max-connections N]")
                exit(64)
            }
        }
    }

    private mutating func set(_ name: String, _ value: String) -> Bool {
        switch name {
        case "--face": Self.assign(Face(rawValue: value), to: &face)
        case "--transport": Self.assign(Transport(rawValue: value), to: &transport)
        case "--loops": Self.assign(Int(value), to: &loops)
        case "--threads": Self.assign(Int(value), to: &threads)
        case "--max-connections": Self.assign(Int(value), to: &maxConnections)
        default: false
        }
    }

    private static func assign<Value>(_ value: Value?, to field: inout Value) -> Bool {
        if let value { field = value }
        return value != nil
    }

    private static func assign(_ value: Int?, to field: inout Int?) -> Bool {
        field = value
        return value != nil
    }

    private static func list<Choice: RawRepresentable<String> & CaseIterable>(_ choice: Choice.Type) -> String {
        choice.allCases.map(\.rawValue).joined(separator: "|")
    }
}
