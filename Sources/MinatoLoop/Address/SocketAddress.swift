package import CMinato
internal import Glibc

/// The address of a socket: IPv4, IPv6, Unix, or the bytes of any other family.
///
/// A value of fixed size without references. Addresses are equal when every meaningful field is, and sort by family and
/// then by field. The text of ``description`` can be read back with ``init(parsing:)``. Nothing here looks a name up: see
/// ``Resolver`` and ``Endpoint``.
///
/// C: `minato_address`. Python: the address tuples of `socket`.
@safe
public struct SocketAddress: Sendable {
    package var storage: minato_address

    /// The empty address, of family `.unspecified`: what a socket without a peer reports.
    public init() { storage = minato_address() }

    package init(storage: minato_address) { self.storage = storage }

    /// Has a C function write the address.
    init<Failure: Error>(_ write: (UnsafeMutablePointer<minato_address>) throws(Failure) -> Void) throws(Failure) {
        storage = minato_address()
        unsafe try write(&storage)
    }

    func withPointer<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafePointer<minato_address>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe withUnsafePointer(to: storage) { (pointer) throws(Failure) in unsafe try body(pointer) }
    }
}

// MARK: - Making

extension SocketAddress {
    /// An IPv4 address from four octets, as in `SocketAddress(ipv4: 127, 0, 0, 1, port: 80)`.
    ///
    /// C: `minato_address_set_ipv4`.
    public init(ipv4 a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, port: UInt16) {
        unsafe self.init { unsafe minato_address_set_ipv4($0, [a, b, c, d], port) }
    }

    /// An IPv4 or IPv6 address from its text in numbers, as in `try SocketAddress(host: "::1", port: 80)`.
    ///
    /// - Parameters:
    ///   - host: `127.0.0.1`, `::1`, `fe80::1%eth0`; never a name, nothing is looked up.
    ///   - port: 0 to 65535.
    /// - Throws: `.invalidArgument` for other texts and ports, ENODEV for an interface that does not exist.
    public init(host: String, port: Int) throws(SocketError) {
        guard let port = UInt16(exactly: port) else {
            throw SocketError(.parse, .invalidArgument, subject: "port \(port)")
        }
        try self.init(parsing: host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)")
    }

    /// An IPv6 address from sixteen octets in network order.
    ///
    /// - Parameters:
    ///   - octets: exactly 16 of them.
    ///   - port: the port.
    ///   - scopeID: the index of the interface for link-local addresses, 0 for none.
    ///   - flowInfo: the flow label, 20 bits, 0 for none.
    /// - Throws: `.invalidArgument` for another number of octets.
    ///
    /// C: `minato_address_set_ipv6`.
    public init(ipv6 octets: [UInt8], port: UInt16, scopeID: UInt32 = 0, flowInfo: UInt32 = 0) throws(SocketError) {
        guard octets.count == 16 else {
            throw SocketError(.parse, .invalidArgument, subject: "IPv6 address of \(octets.count) octets")
        }
        unsafe self.init { unsafe minato_address_set_ipv6($0, octets, port, scopeID, flowInfo) }
    }

    /// The address of a Unix socket at a path of the file system.
    ///
    /// - Parameter path: 1 to 107 bytes in UTF-8, no NUL.
    /// - Throws: `.nameTooLong` for a longer one (a path is never cut), `.invalidArgument` for an empty one or a NUL.
    ///
    /// C: `minato_address_set_unix_path`. See unix(7).
    public init(unixPath path: String) throws(SocketError) {
        let bytes = Array(path.utf8)
        unsafe try self.init { (address) throws(SocketError) in
            let result = unsafe bytes.withUnsafeBytes { raw in
                unsafe raw.withMemoryRebound(to: CChar.self) { path in
                    guard let base = path.baseAddress else { return -EINVAL }
                    return unsafe minato_address_set_unix_path(address, base, path.count)
                }
            }
            if result < 0 {
                throw SocketError(.parse, .init(result: result), subject: "unix path of \(bytes.count) bytes")
            }
        }
    }

    /// The address of a Unix socket in the abstract name space (Linux).
    ///
    /// - Parameter name: 1 to 107 bytes, NUL allowed, without the NUL in front that the kernel's form has.
    /// - Throws: `.nameTooLong`, `.invalidArgument` for an empty name.
    ///
    /// C: `minato_address_set_unix_abstract`. See unix(7).
    public init(abstractName name: [UInt8]) throws(SocketError) {
        unsafe try self.init { (address) throws(SocketError) in
            let result = unsafe minato_address_set_unix_abstract(address, name, name.count)
            if result < 0 {
                throw SocketError(.parse, .init(result: result), subject: "abstract name of \(name.count) bytes")
            }
        }
    }

    /// The address of a Unix socket in the abstract name space, its name in UTF-8.
    ///
    /// - Throws: as ``init(abstractName:)-(_)`` with bytes.
    public init(abstractName name: String) throws(SocketError) {
        try self.init(abstractName: Array(name.utf8))
    }

    /// The Unix address without a name. A socket that binds to it gets an abstract name of the kernel's choice.
    public static let unixUnnamed = unsafe SocketAddress { unsafe minato_address_set_unix_unnamed($0) }

    /// An address of any family from the bytes of its `struct sockaddr_*`, family first.
    ///
    /// - Throws: `.invalidArgument` for too few or too many bytes.
    ///
    /// C: `minato_address_set_raw`.
    public init(rawBytes bytes: [UInt8]) throws(SocketError) {
        unsafe try self.init { (address) throws(SocketError) in
            let result = unsafe minato_address_set_raw(address, bytes, bytes.count)
            if result < 0 {
                throw SocketError(.parse, .init(result: result), subject: "raw address of \(bytes.count) bytes")
            }
        }
    }

    /// Reads the text that ``description`` gives: `127.0.0.1:80`, `[::1%2]:80`, `unix:/run/x.sock`, `unix:@name`.
    ///
    /// - Throws: `.invalidArgument` for other texts and ports outside 0...65535, `.nameTooLong`, ENODEV.
    ///
    /// C: `minato_address_parse`.
    public init(parsing text: String) throws(SocketError) {
        let bytes = text.utf8.map { CChar(bitPattern: $0) }
        unsafe try self.init { (address) throws(SocketError) in
            let result = unsafe minato_address_parse(address, bytes, bytes.count)
            if result < 0 {
                throw SocketError(.parse, .init(result: result), subject: "address \(text.debugDescription)")
            }
        }
    }
}

// MARK: - Comparing and showing

extension SocketAddress: Hashable, Comparable, CustomStringConvertible {
    /// Whether every meaningful field is equal.
    public static func == (left: SocketAddress, right: SocketAddress) -> Bool {
        compare(left, right) == 0
    }

    /// Orders by family, then by field.
    public static func < (left: SocketAddress, right: SocketAddress) -> Bool {
        compare(left, right) < 0
    }

    private static func compare(_ left: SocketAddress, _ right: SocketAddress) -> Int32 {
        unsafe left.withPointer { left in
            unsafe right.withPointer { right in unsafe minato_address_compare(left, right) }
        }
    }

    /// Hashes the bytes of the kernel's form.
    public func hash(into hasher: inout Hasher) {
        unsafe withKernelBytes { bytes in unsafe hasher.combine(bytes: bytes) }
    }

    /// `127.0.0.1:80`, `[::1]:80`, `[fe80::1%2]:80`, `unix:/run/x.sock`, `unix:@name`, `unix:` without a name.
    public var description: String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(MINATO_ADDRESS_TEXT_MAX)) { buffer in
            guard let base = buffer.baseAddress else { return "" }
            _ = unsafe withPointer { unsafe minato_address_format($0, base, buffer.count) }
            return unsafe String(cString: base)
        }
    }

    func withKernelBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe withPointer { address in
            var length: UInt32 = 0
            let bytes = unsafe minato_address_bytes(address, &length)
            return unsafe body(UnsafeRawBufferPointer(start: bytes, count: Int(length)))
        }
    }
}
