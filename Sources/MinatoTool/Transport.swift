import ArgumentParser
import Minato

/// What a command serves on or connects by, as its argument says.
enum Transport: String, ExpressibleByArgument, CaseIterable {
    case tcp, udp, unix, unixgram

    var isUnix: Bool { self == .unix || self == .unixgram }

    /// Refuses a path where there is a port, and the other way round.
    func validate(path: String?) throws {
        if isUnix, path == nil { throw ValidationError("\(rawValue) needs --path.") }
        if !isUnix, path != nil { throw ValidationError("\(rawValue) takes --host and --port, not --path.") }
    }

    /// The endpoint of the options; a path of `@NAME` is an abstract name.
    func endpoint(_ host: String, _ port: Int, path: String?) -> Endpoint {
        let name = path.flatMap { $0.hasPrefix("@") ? String($0.dropFirst()) : nil }
        return switch self {
        case .tcp: .tcp(host, port)
        case .udp: .udp(host, port)
        case .unix: name.map { .abstract($0) } ?? .unix(path ?? "")
        case .unixgram: name.map { .abstractDatagram($0) } ?? .unixDatagram(path ?? "")
        }
    }
}
