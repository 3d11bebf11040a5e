internal import CMinato
internal import Glibc

/// A set of registered descriptors that is waited for again and again, each with a value of the user's.
///
///     var selector = try Selector<String>()
///     try selector.register(listener, for: .read, value: "listener")
///     for ready in try selector.select(timeout: .seconds(5)) {
///         print(ready.value, "can be read:", ready.interest.contains(.read))
///     }
///
/// Level-triggered: a descriptor is reported by each `select` for as long as it is ready. A hang-up and an error count as
/// ready for reading and for writing, as far as these were registered.
///
/// The descriptors stay their owners': the selector neither keeps them open nor closes them. Unregister a descriptor before
/// it is closed. Closing first is forgiven: a closed descriptor is no longer reported, and can still be unregistered. But
/// with `.poll` a number that has come to mean something else meanwhile is reported for that, and with `.epoll` a
/// descriptor of which a copy is open (dup, fork) is reported for the copy.
///
/// **Threads.** It cannot be copied, and one thread at a time uses it; ``waker`` ends its wait from another one. Dropping it
/// closes its own descriptors.
///
/// C: `minato/poller.h`. Python: `selectors.DefaultSelector`, and with `.poll` `select.poll`. See epoll(7), poll(2).
@safe
public struct Selector<Value>: ~Copyable {
    private let poller: OpaquePointer
    private var registrations: [Int32: Key] = [:]

    /// Ends a `select` that is under way, from any thread.
    public let waker: SelectorWaker

    /// Opens a selector without registrations.
    ///
    /// - Parameter backend: the system call to wait with. Default: the best one of this system, epoll.
    /// - Throws: `.tooManyDescriptors` and what else epoll_create1(2) and eventfd(2) say.
    ///
    /// C: `minato_poller_open`. Python: `selectors.DefaultSelector()`.
    public init(backend: SelectorBackend = .default) throws(SocketError) {
        var opened: OpaquePointer?
        let result = unsafe minato_poller_open(backend.rawValue, &opened)
        guard result >= 0, let poller = unsafe opened else {
            throw SocketError(.open, .init(result: result), subject: "selector")
        }
        unsafe self.poller = poller
        unsafe waker = SelectorWaker(poller: poller)
    }

    deinit { waker.close() }

    /// The system call that is in use.
    public var backend: SelectorBackend { unsafe SelectorBackend(rawValue: minato_poller_backend(poller)) }

    /// A descriptor that is readable while a registered one is ready, for waiting on the selector itself; nil with `.poll`.
    ///
    /// It stays the selector's. C: `minato_poller_descriptor`. Python: `fileno`.
    public var descriptor: Int32? {
        let descriptor = unsafe minato_poller_descriptor(poller)
        return descriptor < 0 ? nil : descriptor
    }

    /// How many descriptors are registered.
    public var count: Int { registrations.count }

    /// The registrations, in no particular order. Python: `get_map`.
    public var keys: [Key] { Array(registrations.values) }

    /// The registration of a descriptor, nil when there is none. Python: `get_key`.
    public func key(for descriptor: Int32) -> Key? { registrations[descriptor] }

    /// Begins to wait for a descriptor.
    ///
    /// - Parameters:
    ///   - descriptor: an open descriptor: a socket, a pipe, a terminal ... Its number is kept, not the descriptor.
    ///   - interest: `.read`, `.write` or both.
    ///   - value: comes back with each report.
    /// - Returns: the registration.
    /// - Throws: `.invalidArgument` for an interest in nothing or in something unknown; `.alreadyExists` when the number is
    ///   registered, even if what it meant has been closed since; `.badDescriptor` when it is not open; `.notPermitted` for
    ///   a regular file or a directory with epoll (poll takes them). Nothing stays registered then.
    ///
    /// C: `minato_poller_add`. Python: `register`.
    @discardableResult
    public mutating func register(
        _ descriptor: Int32, for interest: Interest, value: Value
    ) throws(SocketError) -> Key {
        guard interest.isValid else { throw failure(-EINVAL, descriptor) }
        guard registrations[descriptor] == nil else { throw failure(-EEXIST, descriptor) }
        var registration: UInt64 = 0
        let result = unsafe minato_poller_add(poller, descriptor, interest.flags, 0, &registration)
        guard result >= 0 else { throw failure(result, descriptor) }
        let key = Key(descriptor: descriptor, interest: interest, value: value, registration: registration)
        registrations[descriptor] = key
        return key
    }

    /// Changes what a descriptor is waited for; the value stays.
    ///
    /// - Returns: the new registration.
    /// - Throws: as ``modify(_:for:value:)-(Int32,_,_)``.
    ///
    /// C: `minato_poller_modify`. Python: `modify`.
    @discardableResult
    public mutating func modify(_ descriptor: Int32, for interest: Interest) throws(SocketError) -> Key {
        guard let key = registrations[descriptor] else { throw failure(-ENOENT, descriptor) }
        return try modify(descriptor, for: interest, value: key.value)
    }

    /// Changes what a descriptor is waited for, and its value.
    ///
    /// - Returns: the new registration.
    /// - Throws: `.notFound` when it is not registered, or no longer what was registered; `.invalidArgument` for an interest
    ///   in nothing or in something unknown; `.badDescriptor` when it was closed. The registration stays as it was then.
    ///
    /// C: `minato_poller_modify`. Python: `modify`.
    @discardableResult
    public mutating func modify(
        _ descriptor: Int32, for interest: Interest, value: Value
    ) throws(SocketError) -> Key {
        guard var key = registrations[descriptor] else { throw failure(-ENOENT, descriptor) }
        guard interest.isValid else { throw failure(-EINVAL, descriptor) }
        let result = unsafe minato_poller_modify(poller, key.registration, interest.flags, 0)
        guard result >= 0 else { throw failure(result, descriptor) }
        key.interest = interest
        key.value = value
        registrations[descriptor] = key
        return key
    }

    /// Waits for a descriptor no longer. Works also after it was closed.
    ///
    /// - Returns: the registration as it was.
    /// - Throws: `.notFound` when it is not registered, and nothing else.
    ///
    /// C: `minato_poller_remove`. Python: `unregister`.
    @discardableResult
    public mutating func unregister(_ descriptor: Int32) throws(SocketError) -> Key {
        guard let key = registrations.removeValue(forKey: descriptor) else { throw failure(-ENOENT, descriptor) }
        _ = unsafe minato_poller_remove(poller, key.registration)
        return key
    }

    /// Waits until a registered descriptor is ready, the time is over, or ``waker`` is called.
    ///
    /// A signal neither ends nor prolongs the wait. With nothing registered it waits all the same.
    ///
    /// - Parameter timeout: nil waits for ever; zero and below do not wait, as in Python; a positive one is never cut short.
    /// - Returns: the descriptors that are ready, each once, at most 256; of more, those that are left come with the next
    ///   call. Empty when the time is over or after a wake-up.
    /// - Throws: what epoll_wait(2) or poll(2) say, which a correct program does not see. Not thrown: `.timedOut`.
    ///
    /// C: `minato_poller_wait`. Python: `select`.
    public mutating func select(timeout: Duration? = nil) throws(SocketError) -> [Ready] {
        let deadline = Deadline.after(timeout).nanoseconds
        // One place more than there are registrations: for the wake-up.
        let capacity = min(registrations.count + 1, 256)
        var ready: [Ready] = []
        let result = unsafe withUnsafeTemporaryAllocation(of: minato_event.self, capacity: capacity) { events in
            guard let start = events.baseAddress else { return -EINVAL }
            let count = uninterrupted { unsafe minato_poller_wait(poller, start, capacity, deadline) }
            for place in 0..<max(Int(count), 0) {
                let event = unsafe start[place]
                guard let key = registrations[event.descriptor], key.registration == event.registration else {
                    continue
                }
                let interest = Interest(flags: event.ready).intersection(key.interest)
                if !interest.isEmpty { ready.append(Ready(key: key, interest: interest)) }
            }
            return count
        }
        guard result >= 0 else { throw SocketError(.select, .init(result: result)) }
        return ready
    }

    private func failure(_ result: Int32, _ descriptor: Int32) -> SocketError {
        SocketError(.register, .init(result: result), subject: "descriptor \(descriptor)")
    }
}

// Exclusive access, which the type system grants, is all that the poller asks for.
extension Selector: @unchecked Sendable where Value: Sendable {}
