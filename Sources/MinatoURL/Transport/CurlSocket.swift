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

    /// What libcurl waits for.
    @exclusivity(unchecked) private var interest: UInt32 = 0
    /// What the loop tells about while it is registered: the same, or less while it is held.
    @exclusivity(unchecked) private var registered: UInt32 = 0
    /// How often in a row it has taken more, and nothing came.
    @exclusivity(unchecked) private var writes = 0
    /// What had been sent when that was looked at.
    @exclusivity(unchecked) private var sent = -1
    /// Whether libcurl waits for it. Otherwise it rests: it stays registered as it is until something comes, as it will be waited
    /// for again with the next request on its connection.
    @exclusivity(unchecked) private var isAwaited = false
    /// Where its loop has it among those whose connection no transfer uses, -1 for nowhere.
    @exclusivity(unchecked) private var idle = -1

    @exclusivity(unchecked) private var port = 0

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
            unsafe registered = interest
        }
        unsafe (isAwaited, self.interest) = (true, interest)
        register(interest)
        return true
    }

    private func register(_ interest: UInt32) {
        guard unsafe registered != interest else { return }
        unsafe registered = interest
        owner.core.setInterest(self, interest)
    }

    /// Its port on this side, by which transfers are known that use it: libcurl tells their socket only when they end. 0 for none.
    var localPort: Int {
        if unsafe port == 0 {
            var address = minato_address()
            if unsafe minato_socket_local_address(socket, &address) >= 0 {
                unsafe port = max(0, Int(minato_address_port(&address)))
            }
        }
        return unsafe port
    }

    /// Whether libcurl waits until it takes more.
    var takesMore: Bool { unsafe isAwaited && interest & UInt32(MINATO_WRITABLE) != 0 }

    /// Counts that it takes more while nothing has come. True after several times in a row: somebody is to look whether anything
    /// moves.
    private func countWrite() -> Bool {
        unsafe writes += 1
        return unsafe writes % CurlTransfer.maximumVainRounds == 0
    }

    /// Does not wait until it takes more for a while, or until something comes, when nothing has been sent since this was last looked
    /// at. False when it goes on.
    func hold(at sent: Int, until time: Int64) -> Bool {
        let isStuck = unsafe sent == self.sent
        unsafe self.sent = sent
        guard unsafe isStuck && isAwaited else { return false }
        unsafe register(interest & ~UInt32(MINATO_WRITABLE))
        owner.core.setTimer(self, time)
        return true
    }

    override func timeIsOver(_ now: Int64) {
        if unsafe isAwaited { unsafe register(interest) }
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
        if selected & CURL_CSELECT_IN != 0 {
            // It may be a window, or an end.
            if unsafe registered != interest { selected |= CURL_CSELECT_OUT }
            unsafe (writes, sent) = (0, -1)
            unsafe register(interest)
        }
        owner.isReady(socket, selected)
        if selected == CURL_CSELECT_OUT, countWrite(), unsafe isAwaited, registration != 0 { owner.look(self) }
    }

    override func loopEnds() { owner.loopEnds() }
}
