internal import Glibc
internal import MinatoLoop

/// The addresses of connections as libcurl writes them, and what they are, so that each is read once and not for each transfer.
struct CurlPeers {
    /// By port: a connection has one of its own, and so have most servers.
    private var remotes: [Int: Known] = [:]
    private var locals: [Int: Known] = [:]
    /// As many are kept.
    private static let maximum = 256

    private struct Known {
        /// With its NUL.
        let text: [CChar]
        let address: SocketAddress?
    }

    /// The address of the other end.
    mutating func remote(_ text: UnsafePointer<CChar>?, _ port: Int) -> SocketAddress? {
        unsafe Self.address(text, port, &remotes)
    }

    /// The address of this end.
    mutating func local(_ text: UnsafePointer<CChar>?, _ port: Int) -> SocketAddress? {
        unsafe Self.address(text, port, &locals)
    }

    private static func address(
        _ text: UnsafePointer<CChar>?, _ port: Int, _ known: inout [Int: Known]
    ) -> SocketAddress? {
        guard let text = unsafe text, unsafe text.pointee != 0 else { return nil }
        let count = unsafe strlen(text) + 1
        if let known = known[port], known.text.count == count, unsafe memcmp(known.text, text, count) == 0 {
            return known.address
        }
        let address = try? SocketAddress(host: unsafe String(cString: text), port: port)
        if known.count >= maximum { known = [:] }
        known[port] = Known(text: unsafe Array(UnsafeBufferPointer(start: text, count: count)), address: address)
        return address
    }
}
