internal import CMinato

// Multicast, for IPv4 and IPv6 alike.

extension Socket {
    /// Joins a multicast group: datagrams that are sent to it, and to the port the socket is bound to, are received.
    ///
    /// - Parameters:
    ///   - group: the group's address; its port does not count.
    ///   - source: a sender, when only its datagrams are wanted. Default: everybody's.
    ///   - interface: the index of the interface to join on. Default: 0, the kernel's choice.
    /// - Throws: `.familyNotSupported` for an address that is not IP, `.invalidArgument` for one that is no multicast
    ///   address, `.addressInUse` when it was joined already, ENODEV for an interface that does not exist.
    ///
    /// C: `minato_option_join_group`. Python: `setsockopt` with IP_ADD_MEMBERSHIP. See ip(7), RFC 3678.
    public func joinGroup(
        _ group: SocketAddress, source: SocketAddress? = nil, interface: UInt32 = 0
    ) throws(SocketError) {
        let result = unsafe Self.change(group, source) { group, source in
            unsafe minato_option_join_group(descriptor, group, source, interface)
        }
        guard result >= 0 else { throw failure(.option, result, remote: group) }
    }

    /// Leaves a group that was joined with the same arguments. Closing the socket leaves all.
    ///
    /// - Throws: `.addressNotAvailable` when it was not joined so; else as ``joinGroup(_:source:interface:)``.
    ///
    /// C: `minato_option_leave_group`. Python: `setsockopt` with IP_DROP_MEMBERSHIP. See ip(7), RFC 3678.
    public func leaveGroup(
        _ group: SocketAddress, source: SocketAddress? = nil, interface: UInt32 = 0
    ) throws(SocketError) {
        let result = unsafe Self.change(group, source) { group, source in
            unsafe minato_option_leave_group(descriptor, group, source, interface)
        }
        guard result >= 0 else { throw failure(.option, result, remote: group) }
    }

    /// Sets how far multicast datagrams go.
    ///
    /// - Parameter hops: routers that may pass one on, plus one, 0 to 255. The kernel's default is 1: this network only.
    /// - Throws: `.invalidArgument` for another number, `.familyNotSupported` for a socket that is not IP.
    ///
    /// C: `minato_option_set_multicast_hops`. Python: `setsockopt` with IP_MULTICAST_TTL. See ip(7), ipv6(7).
    public func setMulticastHops(_ hops: Int) throws(SocketError) {
        let result = minato_option_set_multicast_hops(descriptor, family.rawValue, Int32(clamping: hops))
        guard result >= 0 else { throw failure(.option, result) }
    }

    /// Sets whether this host hears the multicast datagrams that the socket sends. The kernel's default is true.
    ///
    /// - Throws: `.familyNotSupported` for a socket that is not IP.
    ///
    /// C: `minato_option_set_multicast_loop`. Python: `setsockopt` with IP_MULTICAST_LOOP. See ip(7), ipv6(7).
    public func setMulticastLoop(_ isHeard: Bool) throws(SocketError) {
        let result = minato_option_set_multicast_loop(descriptor, family.rawValue, isHeard)
        guard result >= 0 else { throw failure(.option, result) }
    }

    /// Sets the interface that multicast datagrams leave by.
    ///
    /// - Parameter interface: its index; 0 is the kernel's choice.
    /// - Throws: ENODEV or `.addressNotAvailable` for one that does not exist, `.familyNotSupported` for a socket that is
    ///   not IP.
    ///
    /// C: `minato_option_set_multicast_interface`. Python: `setsockopt` with IP_MULTICAST_IF. See ip(7), ipv6(7).
    public func setMulticastInterface(_ interface: UInt32) throws(SocketError) {
        let result = minato_option_set_multicast_interface(descriptor, family.rawValue, interface)
        guard result >= 0 else { throw failure(.option, result) }
    }

    /// Calls a C function with the group and, unless nil, the source.
    private static func change(
        _ group: SocketAddress, _ source: SocketAddress?,
        _ call: (UnsafePointer<minato_address>, UnsafePointer<minato_address>?) -> Int32
    ) -> Int32 {
        unsafe group.withPointer { group in
            guard let source else { return unsafe call(group, nil) }
            return unsafe source.withPointer { source in unsafe call(group, source) }
        }
    }
}
