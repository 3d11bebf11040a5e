internal import CMinato
internal import Glibc

/// A descriptor on its way to an address. Whoever has it closes it, or makes a socket of it.
struct ConnectAttempt {
    /// Which one of the ``ConnectSchedule``.
    let number: Int
    let answer: Resolver.Answer
    let descriptor: Int32

    /// Opens a descriptor, and binds it to the source if there is one. On failure there is none: the code says why.
    static func open(_ number: Int, _ answer: Resolver.Answer, from source: SocketAddress?) -> Result<Self, Failure> {
        let kind = answer.kind.rawValue | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = minato_socket_open(answer.address.family.rawValue, kind, answer.protocolNumber)
        guard descriptor >= 0 else { return .failure(Failure(descriptor)) }
        if let source {
            let result = unsafe source.withPointer { unsafe minato_socket_bind(descriptor, $0) }
            if result < 0 {
                minato_socket_close(descriptor)
                return .failure(Failure(result))
            }
        }
        return .success(Self(number: number, answer: answer, descriptor: descriptor))
    }

    /// Why an attempt failed.
    struct Failure: Error {
        let code: SocketError.Code
        init(_ result: Int32) { code = .init(result: result) }
    }

    /// What has become of it.
    enum Progress {
        case stands, underWay
        /// The peer's backlog is full: a Unix socket, whose connect cannot be waited for. Start again after a while.
        case noRoom
        case failed(SocketError.Code)
    }

    /// Starts it.
    func start() -> Progress {
        let result = unsafe answer.address.withPointer { unsafe minato_socket_start_connect(descriptor, $0) }
        if result == 1 { return .underWay }
        if result == -EAGAIN, answer.address.family == .unix { return .noRoom }
        return judged(result)
    }

    /// Looks at it after the descriptor has become writable.
    func look() -> Progress {
        let result = minato_socket_finish_connect(descriptor, Int64(MINATO_NO_WAIT))
        return result == -EAGAIN || result == -EINTR ? .underWay : judged(result)
    }

    private func judged(_ result: Int32) -> Progress {
        if result < 0 { return .failed(.init(result: result)) }
        return isConnectedToItself ? .failed(.connectionRefused) : .stands
    }

    /// Whether the kernel chose the port that was to be connected to as the local one, and the socket met itself
    /// (RFC 9293, simultaneous open): nobody listens there.
    private var isConnectedToItself: Bool {
        guard answer.kind == .stream, answer.address.family != .unix else { return false }
        var local = SocketAddress()
        return unsafe minato_socket_local_address(descriptor, &local.storage) == 0 && local == answer.address
    }

    func close() { minato_socket_close(descriptor) }

    /// The socket that came of it; TCP_NODELAY is set.
    func socket() -> Socket {
        let socket = Socket(
            owning: descriptor, family: answer.address.family, kind: answer.kind,
            protocolNumber: answer.protocolNumber)
        if answer.kind == .stream, answer.address.family != .unix { try? socket.setOption(.noDelay, true) }
        return socket
    }
}
