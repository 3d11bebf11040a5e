internal import CMinato
internal import Glibc

/// A socket option: where the kernel keeps it, and what type its value has.
///
///     try socket.setOption(.keepAlive, true)
///     let size = try socket.option(.receiveBufferSize)
///
/// The common ones are constants below. Any other one is `SocketOption<Int>(level: SOL_SOCKET, name: SO_MARK)` with the
/// kernel's own numbers; for one whose value is a struct, use `SocketOption<[UInt8]>`.
///
/// C: `minato/option.h`. Python: `setsockopt`, `getsockopt`. See socket(7), tcp(7), ip(7), ipv6(7).
public struct SocketOption<Value: SocketOptionValue>: Hashable, Sendable {
    /// SOL_SOCKET, IPPROTO_TCP ...
    public let level: Int32
    /// SO_KEEPALIVE, TCP_NODELAY ...
    public let name: Int32

    /// What errors call it.
    var subject: String { "level \(level) name \(name)" }

    /// An option by the kernel's numbers.
    public init(level: Int32, name: Int32) {
        self.level = level
        self.name = name
    }
}

/// The types that an option's value can have: `Bool`, `Int`, `Duration`, ``Linger``, `[UInt8]`.
public protocol SocketOptionValue: Sendable {
    /// Sets the option: 0 or `-errno`.
    func setOption(descriptor: Int32, level: Int32, name: Int32) -> Int32
    /// Reads the option: a value, or `-errno`.
    static func readOption(descriptor: Int32, level: Int32, name: Int32) -> (value: Self?, result: Int32)
}

/// Whether closing waits until the data that was sent has been acknowledged: SO_LINGER. See socket(7).
public enum Linger: Hashable, Sendable, SocketOptionValue {
    /// Closing returns at once, the kernel goes on sending. The default.
    case off
    /// Closing waits, for at most that many whole seconds; zero resets the connection and drops what was not sent.
    case upTo(seconds: Int)

    /// Sets SO_LINGER. C: `minato_option_set_linger`.
    public func setOption(descriptor: Int32, level: Int32, name: Int32) -> Int32 {
        switch self {
        case .off: minato_option_set_linger(descriptor, false, 0)
        case .upTo(let seconds): minato_option_set_linger(descriptor, true, Int32(clamping: seconds))
        }
    }

    /// Reads SO_LINGER. C: `minato_option_get_linger`.
    public static func readOption(descriptor: Int32, level: Int32, name: Int32) -> (value: Linger?, result: Int32) {
        var isOn = false
        var seconds: Int32 = 0
        let result = unsafe minato_option_get_linger(descriptor, &isOn, &seconds)
        return (isOn ? .upTo(seconds: Int(seconds)) : .off, result)
    }
}

extension Bool: SocketOptionValue {
    /// Sets an option that is on or off. C: `minato_option_set_boolean`.
    public func setOption(descriptor: Int32, level: Int32, name: Int32) -> Int32 {
        minato_option_set_boolean(descriptor, level, name, self)
    }

    /// Reads an option that is on or off. C: `minato_option_get_boolean`.
    public static func readOption(descriptor: Int32, level: Int32, name: Int32) -> (value: Bool?, result: Int32) {
        var value = false
        let result = unsafe minato_option_get_boolean(descriptor, level, name, &value)
        return (value, result)
    }
}

extension Int: SocketOptionValue {
    /// Sets an option that is a number; EINVAL for one beyond 32 bits. C: `minato_option_set_integer`.
    public func setOption(descriptor: Int32, level: Int32, name: Int32) -> Int32 {
        guard let value = Int32(exactly: self) else { return -EINVAL }
        return minato_option_set_integer(descriptor, level, name, value)
    }

    /// Reads an option that is a number. C: `minato_option_get_integer`.
    public static func readOption(descriptor: Int32, level: Int32, name: Int32) -> (value: Int?, result: Int32) {
        var value: Int32 = 0
        let result = unsafe minato_option_get_integer(descriptor, level, name, &value)
        return (Int(value), result)
    }
}

extension Duration: SocketOptionValue {
    /// Sets an option that is a `struct timeval`, rounded up to microseconds; EINVAL below zero.
    /// C: `minato_option_set_duration`.
    public func setOption(descriptor: Int32, level: Int32, name: Int32) -> Int32 {
        minato_option_set_duration(descriptor, level, name, nanosecondsRoundedUp)
    }

    /// Reads an option that is a `struct timeval`. C: `minato_option_get_duration`.
    public static func readOption(descriptor: Int32, level: Int32, name: Int32) -> (value: Duration?, result: Int32) {
        var nanoseconds: Int64 = 0
        let result = unsafe minato_option_get_duration(descriptor, level, name, &nanoseconds)
        return (.nanoseconds(nanoseconds), result)
    }
}

extension Array: SocketOptionValue where Element == UInt8 {
    /// Sets an option to bytes as they are. C: `minato_option_set_bytes`.
    public func setOption(descriptor: Int32, level: Int32, name: Int32) -> Int32 {
        unsafe minato_option_set_bytes(descriptor, level, name, self, count)
    }

    /// Reads an option as bytes, at most 1,024. C: `minato_option_get_bytes`.
    public static func readOption(descriptor: Int32, level: Int32, name: Int32) -> (value: [UInt8]?, result: Int32) {
        var bytes = [UInt8](repeating: 0, count: 1024)
        let result = unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return -EINVAL }
            return unsafe minato_option_get_bytes(descriptor, level, name, base, buffer.count)
        }
        return (Array(bytes.prefix(Int(result < 0 ? 0 : result))), result)
    }
}

extension Socket {
    /// Sets an option.
    ///
    /// - Throws: `.noSuchOption`, `.invalidArgument` for a value that the option does not take, `.accessDenied`.
    ///
    /// Python: `setsockopt`. See setsockopt(2).
    public func setOption<Value>(_ option: SocketOption<Value>, _ value: Value) throws(SocketError) {
        let result = value.setOption(descriptor: descriptor, level: option.level, name: option.name)
        guard result >= 0 else { throw optionFailure(option, result) }
    }

    /// Reads an option. What the kernel reports may differ from what was set: it doubles buffer sizes.
    ///
    /// - Throws: `.noSuchOption`.
    ///
    /// Python: `getsockopt`. See getsockopt(2).
    public func option<Value>(_ option: SocketOption<Value>) throws(SocketError) -> Value {
        let (value, result) = Value.readOption(descriptor: descriptor, level: option.level, name: option.name)
        guard result >= 0, let value else { throw optionFailure(option, result) }
        return value
    }

    private func optionFailure<Value>(_ option: SocketOption<Value>, _ result: Int32) -> SocketError {
        SocketError(.option, .init(result: result), network: networkName, subject: option.subject)
    }
}
