internal import CLibcurl
internal import CMinato

/// The sockets of connections of HTTP/2 from which libcurl does not read: those that lie idle, and those whose streams all pause.
struct UnreadSockets {
    private var all: [(socket: curl_socket_t, origin: Origin)] = []

    var isEmpty: Bool { all.isEmpty }

    /// Takes one from which libcurl reads no more.
    mutating func insert(_ socket: curl_socket_t, to origin: Origin) { all.append((socket, origin)) }

    /// Takes one out from which it reads again, or which it closes, if it is there.
    mutating func remove(_ socket: curl_socket_t) {
        if !isEmpty { all.removeAll { $0.socket == socket } }
    }

    /// To whom those lead that the other side has ended, though there may be more to read.
    ///
    /// - Parameter mayBeMeant: Whether it matters for an origin.
    func ended(where mayBeMeant: (Origin) -> Bool) -> [Origin] {
        all.filter { mayBeMeant($0.origin) && minato_wait($0.socket, UInt32(MINATO_READ_CLOSED), 0) > 0 }.map(\.origin)
    }
}
