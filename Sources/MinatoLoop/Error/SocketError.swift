/// What went wrong, in which operation, between which addresses.
///
/// The one error type of sockets and event loops, thrown with its type: `catch` needs no cast. It prints as one line,
///
///     connect tcp 127.0.0.1:5000->127.0.0.1:80: Connection refused (ECONNREFUSED)
///
/// and never holds what was sent or received. Compare `code` with the constants of ``SocketError/Code``, not texts.
///
/// Python: `OSError`, `socket.gaierror`, `TimeoutError`, `BlockingIOError`.
public struct SocketError: Error, Sendable {
    /// What was being done.
    public let operation: Operation

    /// Why it failed.
    public let code: Code

    /// The rarely needed rest, out of line so that the error stays two words on the way through typed throws.
    private let details: Details?

    private final class Details: Sendable {
        let network: String?
        let local: SocketAddress?
        let remote: SocketAddress?
        let subject: String?
        let attempts: [SocketError]

        init(network: String?, local: SocketAddress?, remote: SocketAddress?, subject: String?, attempts: [SocketError])
        {
            self.network = network
            self.local = local
            self.remote = remote
            self.subject = subject
            self.attempts = attempts
        }
    }

    package init(
        _ operation: Operation, _ code: Code, network: String? = nil, local: SocketAddress? = nil,
        remote: SocketAddress? = nil, subject: String? = nil, attempts: [SocketError] = []
    ) {
        self.operation = operation
        self.code = code
        let hasDetails = network != nil || local != nil || remote != nil || subject != nil || !attempts.isEmpty
        details =
            hasDetails
            ? Details(network: network, local: local, remote: remote, subject: subject, attempts: attempts) : nil
    }

    /// The kind of socket: `"tcp"`, `"udp"`, `"unix"`, `"unixgram"` ... nil when no socket was involved.
    public var network: String? { details?.network }

    /// The local address, when it was known.
    public var local: SocketAddress? { details?.local }

    /// The peer's address, when it was known.
    public var remote: SocketAddress? { details?.remote }

    /// What the operation was about when it was no address: a host name, an argument.
    public var subject: String? { details?.subject }

    /// When several addresses were tried and all failed: the error of each, in the order of trying.
    public var attempts: [SocketError] { details?.attempts ?? [] }
}

extension SocketError: Equatable {
    /// Equal when operation, code, addresses and subject are.
    public static func == (left: SocketError, right: SocketError) -> Bool {
        left.operation == right.operation && left.code == right.code && left.network == right.network
            && left.local == right.local && left.remote == right.remote && left.subject == right.subject
    }
}

extension SocketError: CustomStringConvertible {
    /// One line: operation, network, addresses, cause.
    public var description: String {
        var line = operation.name
        if let network { line += " \(network)" }
        if let subject { line += " \(subject)" }
        switch (local.flatMap(\.meaningfulText), remote.flatMap(\.meaningfulText)) {
        case (let local?, let remote?): line += " \(local)->\(remote)"
        case (nil, let remote?): line += " \(remote)"
        case (let local?, nil): line += " \(local)"
        case (nil, nil): break
        }
        line += ": \(code)"
        if attempts.count > 1 {
            line += " [" + attempts.map(\.description).joined(separator: "; ") + "]"
        }
        return line
    }
}

extension SocketAddress {
    /// The text of an address that says something; nil for the empty and the unnamed one.
    fileprivate var meaningfulText: String? {
        self == SocketAddress() || isUnnamed ? nil : description
    }
}
