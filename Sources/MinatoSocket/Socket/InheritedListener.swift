internal import CMinato
internal import Glibc

/// A socket that the service manager opened for this process before it was started: socket activation.
///
/// See ``Socket/inheritedListeners(unsettingVariables:)``. Its descriptor is closed when nobody takes it.
public struct InheritedListener: Sendable {
    /// The name that the service manager gave: of systemd's socket units `FileDescriptorName=`, which is the unit's own name
    /// where nothing is set. `"unknown"` when it gave none.
    public let name: String

    /// The descriptor, to be taken once: as a socket, to be adopted by a server, or as a number, if it is no socket.
    public let descriptor: ReceivedDescriptor
}

extension Socket {
    /// The sockets that the service manager opened for this process, in its order: systemd's socket activation.
    ///
    ///     if let listener = try Socket.inheritedListeners().first?.descriptor.takeSocket() {
    ///         try TCPServer(adopting: listener).serveBlocking(handle)
    ///     }
    ///
    /// The manager holds the sockets open while the service is restarted, so that clients wait and none is refused, and it
    /// can open what the service may not. It passes them as the descriptors from 3 on, and tells how many there are in the
    /// environment: LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES. Other supervisors do the same. For datagrams they are bound; for a
    /// service that systemd starts for each connection it is the connection. The kind is not looked at here: the server that
    /// adopts a socket does.
    ///
    /// The descriptors become close-on-exec. Does not wait. **Call it once, early**: before the program starts threads, since
    /// the environment belongs to all of them, and before it opens anything of its own when it does not know whether it was
    /// started with descriptors. Another call returns nothing.
    ///
    /// - Parameter unsettingVariables: remove the variables from the environment, whatever the outcome, so that programs which
    ///   this one starts do not take them for theirs. Default: true. False leaves them to another library that reads them.
    /// - Returns: the sockets; none when the process was not started so, or the variables are meant for another process.
    /// - Throws: `.invalidArgument` for variables that cannot be understood or a number of names that is not that of the
    ///   descriptors, `.badDescriptor` when one of the descriptors is not open. Nothing is taken then. Not thrown: an error
    ///   for a descriptor that is no socket, which ``ReceivedDescriptor/takeSocket()`` throws.
    ///
    /// Python has nothing of the kind. See sd_listen_fds(3), systemd.socket(5).
    public static func inheritedListeners(
        unsettingVariables: Bool = true
    ) throws(SocketError) -> [InheritedListener] {
        let names = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]
        let values = names.map { unsafe getenv($0).map { unsafe String(cString: $0) } }
        if unsettingVariables { for name in names { unsafe unsetenv(name) } }
        // The descriptors have an owner from the first call on, whether or not the variables are there.
        guard inheritance.withLock({ $0.claim() }) else { return [] }
        let offer = InheritanceOffer(process: values[0], count: values[1], names: values[2])
        return try offer.take(process: getpid(), first: 3)
    }

    private struct Claim {
        private var isClaimed = false

        mutating func claim() -> Bool {
            defer { isClaimed = true }
            return !isClaimed
        }
    }

    private static let inheritance = Guarded(Claim())
}

/// What the environment says of inherited descriptors.
struct InheritanceOffer {
    /// LISTEN_PID: whom it is meant for.
    let process: String?
    /// LISTEN_FDS: how many.
    let count: String?
    /// LISTEN_FDNAMES: what they are called, with colons between.
    let names: String?

    /// Takes the descriptors, if they are meant for this process: all of them or none.
    func take(process own: pid_t, first: Int32) throws(SocketError) -> [InheritedListener] {
        let names = try names(for: own)
        let numbers = names.indices.map { first + Int32($0) }
        for number in numbers {
            let result = minato_socket_set_inheritable(number, false)
            guard result >= 0 else {
                throw SocketError(.adopt, .init(result: result), subject: "inherited descriptor \(number)")
            }
        }
        return zip(names, numbers).map {
            InheritedListener(name: $0, descriptor: ReceivedDescriptor(owning: $1))
        }
    }

    /// The name of each descriptor; none when they are not meant for this process.
    func names(for own: pid_t) throws(SocketError) -> [String] {
        guard let process, let count else { return [] }
        guard let target = pid_t(process) else { throw Self.refusal("LISTEN_PID", process) }
        guard target == own else { return [] }
        // No process has more descriptors than that: fs.nr_open.
        guard let count = Int(count), 0...(1 << 20) ~= count else { throw Self.refusal("LISTEN_FDS", count) }
        guard let names else { return [String](repeating: "unknown", count: count) }
        let split = names.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard split.count == count else { throw Self.refusal("LISTEN_FDNAMES", names) }
        return split
    }

    private static func refusal(_ variable: String, _ value: String) -> SocketError {
        SocketError(.adopt, .invalidArgument, subject: "\(variable)=\(value)")
    }
}
