internal import CLibcurl
internal import CMinato
@_spi(Loops) internal import MinatoLoop

/// A socket of libcurl's that an event loop watches, level-triggered: libcurl does not always read all there is.
@safe
final class CurlSocket: LoopSource {
    private let socket: curl_socket_t
    private unowned let owner: CurlLoop

    init(_ socket: curl_socket_t, on owner: CurlLoop) {
        self.socket = socket
        self.owner = owner
        super.init()
    }

    override func isReady(_ flags: UInt32) {
        var selected: Int32 = 0
        if flags & UInt32(MINATO_READABLE | MINATO_READ_CLOSED | MINATO_HANGUP) != 0 { selected |= CURL_CSELECT_IN }
        if flags & UInt32(MINATO_WRITABLE) != 0 { selected |= CURL_CSELECT_OUT }
        // Reading tells which error it is: of the bit alone libcurl says no more than that there is one.
        if flags & UInt32(MINATO_ERROR | MINATO_INVALID) != 0 { selected |= CURL_CSELECT_ERR | CURL_CSELECT_IN }
        owner.isReady(socket, selected)
    }

    override func loopEnds() { owner.loopEnds() }
}
