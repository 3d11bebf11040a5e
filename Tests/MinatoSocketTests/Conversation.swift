import MinatoSocket

/// A buffered stream and the other end of it. A class, because `#expect` cannot hold what cannot be copied.
final class Conversation {
    var stream: BufferedSocket
    let peer: Socket

    init(_ stream: consuming BufferedSocket, _ peer: consuming Socket, timeout: Duration?) throws(SocketError) {
        self.stream = stream
        self.peer = peer
        try self.stream.setTimeout(timeout)
    }

    /// The code of the error that a call on the stream throws.
    func code(_ body: (inout BufferedSocket) throws(SocketError) -> Void) -> SocketError.Code? {
        do throws(SocketError) {
            try body(&stream)
            return nil
        } catch {
            return error.code
        }
    }
}
