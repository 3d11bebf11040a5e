extension SocketError {
    /// The operations that fail, by the names of their verbs.
    public struct Operation: Hashable, Sendable, CustomStringConvertible {
        /// The verb as it is printed: `"connect"`.
        public let name: String

        package init(_ name: String) { self.name = name }

        /// The verb.
        public var description: String { name }

        /// Opening a socket or a pair.
        public static let open = Operation("open")
        /// Taking over a descriptor.
        public static let adopt = Operation("adopt")
        /// Binding to a local address.
        public static let bind = Operation("bind")
        /// Starting to listen.
        public static let listen = Operation("listen")
        /// Taking a connection.
        public static let accept = Operation("accept")
        /// Connecting.
        public static let connect = Operation("connect")
        /// Sending, in whatever form.
        public static let send = Operation("send")
        /// Receiving, in whatever form.
        public static let receive = Operation("receive")
        /// Sending a file.
        public static let sendFile = Operation("sendfile")
        /// Ending a direction.
        public static let shutdown = Operation("shutdown")
        /// Closing.
        public static let close = Operation("close")
        /// Duplicating a descriptor.
        public static let duplicate = Operation("duplicate")
        /// Asking for an address.
        public static let address = Operation("address")
        /// Reading or setting an option or the timeout.
        public static let option = Operation("option")
        /// Looking a name up.
        public static let resolve = Operation("resolve")
        /// Making an address or an endpoint from its parts.
        public static let parse = Operation("parse")
        /// Waiting for readiness.
        public static let select = Operation("select")
        /// Changing what a selector waits for.
        public static let register = Operation("register")
        /// Waiting for or blocking signals.
        public static let signal = Operation("signal")
        /// Waiting for a time on an event loop.
        public static let sleep = Operation("sleep")
        /// Starting a thread.
        public static let startThread = Operation("thread")
    }
}
