public import MinatoSocket

extension SocketError.Operation {
    /// Serving: starting it on a server that is closed, or that serves already.
    public static let serve = Self("serve")
}
