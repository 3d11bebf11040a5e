internal import CLibcurl
internal import CMinato
@_spi(Loops) internal import MinatoLoop

/// A socket of libcurl's that an event loop watches, level-triggered: libcurl does not always read all there is.
///
/// **Threads.** The loop's only, so that its variables are not checked for exclusive access.
@safe
final class CurlSocket: LoopSource {
    let socket: curl_socket_t
    private unowned let owner: CurlLoop

    /// What the loop tells about while it is registered.
    @exclusivity(unchecked) private var interest: UInt32 = 0
    /// Whether libcurl waits for it. Otherwise it rests: it stays registered as it is until something comes, as it will be waited
    /// for again with the next request on its connection.
    @exclusivity(unchecked) private var isAwaited = false
    /// Where its loop has it among those whose connection no transfer uses, -1 for nowhere.
    @exclusivity(unchecked) private var idle = -1

    init(_ socket: curl_socket_t, on owner: CurlLoop) {
        self.socket = socket
        self.owner = owner
        super.init()
    }

    /// Whether libcurl waits for it.
    var isInUse: Bool { unsafe isAwaited }

    /// Where its loop has it among those whose connection no transfer uses, -1 for nowhere.
    var idlePlace: Int {
        get { unsafe idle }
        set { unsafe idle = newValue }
    }

    /// Has the loop tell about it. False when it cannot.
    func watch(_ interest: UInt32, on core: LoopCore) -> Bool {
        if registration == 0 {
            guard core.add(self, socket, interest: interest) >= 0 else { return false }
        } else if unsafe self.interest != interest {
            core.setInterest(self, interest)
        }
        unsafe (isAwaited, self.interest) = (true, interest)
        return true
    }

    /// libcurl does not wait for it any more, and will say so before its number can mean another file.
    func rest() { unsafe isAwaited = false }

    override func isReady(_ flags: UInt32) {
        // What came while it rests is looked at when the connection is used next.
        guard unsafe isAwaited else { return owner.core.remove(self) }
        var selected: Int32 = 0
        if flags & UInt32(MINATO_READABLE | MINATO_READ_CLOSED | MINATO_HANGUP) != 0 { selected |= CURL_CSELECT_IN }
        if flags & UInt32(MINATO_WRITABLE) != 0 { selected |= CURL_CSELECT_OUT }
        // Reading tells which error it is: of the bit alone libcurl says no more than that there is one.
        if flags & UInt32(MINATO_ERROR | MINATO_INVALID) != 0 { selected |= CURL_CSELECT_ERR | CURL_CSELECT_IN }
        owner.isReady(socket, selected)
    }

    override func loopEnds() { owner.loopEnds() }
}
