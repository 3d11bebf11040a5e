// From an endpoint to a bound socket, without blocking a task's thread.

extension Endpoint {
    /// A socket that is bound here. A host name is looked up on the resolver's threads.
    nonisolated(nonsending) func boundSocket(
        dualStack: Bool, reusePort: Bool, on loop: EventLoop, until deadline: Deadline
    ) async throws(SocketError) -> Socket {
        guard case .host(let host, let port) = target, try !isNumeric else {
            return try Socket.bound(to: self, dualStack: dualStack, reusePort: reusePort)
        }
        let lookUp = LookUp(of: "\(host):\(port)", on: loop) { () throws(SocketError) in
            try bindingAnswer(dualStack: dualStack)
        }
        return try Socket.bound(to: await lookUp.run(until: deadline), dualStack: dualStack, reusePort: reusePort)
    }

    /// Whether there is no name to look up.
    private var isNumeric: Bool {
        get throws(SocketError) {
            guard case .host(let host, let port) = target else { return true }
            return try query(host, port, family: .unspecified, flags: .passive).answersAtOnce() != nil
        }
    }
}
