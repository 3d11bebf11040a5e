extension Selector {
    /// A registration: which descriptor, what it is waited for, and the user's value.
    ///
    /// Python: `selectors.SelectorKey`.
    public struct Key {
        /// The descriptor's number. Python: `fd`.
        public let descriptor: Int32
        /// What it is waited for. Python: `events`.
        public internal(set) var interest: Interest
        /// The value that was given when it was registered. Python: `data`.
        public internal(set) var value: Value

        /// The poller's number of the registration: with a generation, so that one that is gone is never taken for it.
        let registration: UInt64
    }

    /// A registration whose descriptor is ready.
    public struct Ready {
        /// The registration.
        public let key: Key
        /// What the descriptor is ready for: never empty, and never more than what was registered.
        public let interest: Interest

        /// The descriptor's number, `key.descriptor`.
        public var descriptor: Int32 { key.descriptor }
        /// The user's value, `key.value`.
        public var value: Value { key.value }
    }
}

extension Selector.Key: Sendable where Value: Sendable {}
extension Selector.Key: Equatable where Value: Equatable {}
extension Selector.Key: Hashable where Value: Hashable {}
extension Selector.Ready: Sendable where Value: Sendable {}
extension Selector.Ready: Equatable where Value: Equatable {}
extension Selector.Ready: Hashable where Value: Hashable {}
