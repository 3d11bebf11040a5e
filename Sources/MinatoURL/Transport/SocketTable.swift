internal import CLibcurl

/// The sockets that a loop watches for libcurl, by their numbers: of which the kernel always gives the smallest.
struct SocketTable {
    private var sources: [CurlSocket?] = []

    /// All of them.
    var all: [CurlSocket] { sources.compactMap(\.self) }

    subscript(socket: curl_socket_t) -> CurlSocket? {
        get { sources.indices.contains(Int(socket)) ? sources[Int(socket)] : nil }
        set {
            while sources.count <= Int(socket) { sources.append(nil) }
            sources[Int(socket)] = newValue
        }
    }

    /// Takes one out, if it is there.
    mutating func remove(_ socket: curl_socket_t) -> CurlSocket? {
        guard let source = self[socket] else { return nil }
        sources[Int(socket)] = nil
        return source
    }
}
