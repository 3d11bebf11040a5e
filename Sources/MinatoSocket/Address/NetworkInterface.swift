internal import CMinato
internal import Glibc

/// A network interface of this host: its name and index.
///
/// C: `minato_interface_list`. Python: `socket.if_nameindex`. See if_nameindex(3).
public struct NetworkInterface: Hashable, Sendable {
    /// The index, from 1 on: the scope id of link-local addresses.
    public let index: UInt32
    /// The name: `"lo"`.
    public let name: String

    /// The interface of a name.
    ///
    /// - Throws: ENODEV for an unknown one, `.invalidArgument` for a NUL.
    ///
    /// Python: `socket.if_nametoindex`. See if_nametoindex(3).
    public init(named name: String) throws(SocketError) {
        try Resolver.checkText(name)
        let result = unsafe minato_interface_index(name)
        guard result > 0 else { throw SocketError(.resolve, .init(result: result), subject: "interface \(name)") }
        self.name = name
        index = UInt32(result)
    }

    /// The interface of an index.
    ///
    /// - Throws: ENXIO for an unknown one.
    ///
    /// Python: `socket.if_indextoname`. See if_indextoname(3).
    public init(index: UInt32) throws(SocketError) {
        var name = [CChar](repeating: 0, count: Int(MINATO_SERVICE_NAME_MAX))
        let result = unsafe minato_interface_name(index, &name, name.count)
        guard result >= 0 else { throw SocketError(.resolve, .init(result: result), subject: "interface \(index)") }
        self.name = Resolver.text(name)
        self.index = index
    }

    /// All interfaces of this host, by index.
    public static func all() throws(SocketError) -> [NetworkInterface] {
        var indexes: [UInt32] = []
        var count = 16
        while count > indexes.count {
            indexes = [UInt32](repeating: 0, count: count)
            let result = unsafe minato_interface_list(&indexes, indexes.count)
            guard result >= 0 else { throw SocketError(.resolve, .init(result: result), subject: "interfaces") }
            count = Int(result)
            if count <= indexes.count { break }
        }
        // One that has gone meanwhile is left out.
        return indexes.prefix(count).compactMap { try? NetworkInterface(index: $0) }
    }
}
