internal import MinatoSocket

/// The addresses of both ends of a connection as libcurl writes them, and what they are.
struct CurlPeers {
    private var remote: (text: String, port: Int, address: SocketAddress?)?
    private var local: (text: String, port: Int, address: SocketAddress?)?

    /// The address of the other end.
    mutating func remote(_ text: UnsafePointer<CChar>?, _ port: Int) -> SocketAddress? {
        unsafe Self.address(text, port, &remote)
    }

    /// The address of this end.
    mutating func local(_ text: UnsafePointer<CChar>?, _ port: Int) -> SocketAddress? {
        unsafe Self.address(text, port, &local)
    }

    private static func address(
        _ text: UnsafePointer<CChar>?, _ port: Int, _ known: inout (text: String, port: Int, address: SocketAddress?)?
    ) -> SocketAddress? {
        guard let text = unsafe text, unsafe text.pointee != 0 else { return nil }
        let string = unsafe String(cString: text)
        if let known, known.port == port, known.text == string { return known.address }
        let address = try? SocketAddress(host: string, port: port)
        known = (string, port, address)
        return address
    }
}
