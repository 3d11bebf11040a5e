internal import CLibcurl
internal import CMinato
internal import Glibc
@_spi(Loops) internal import MinatoLoop

/// A multi handle of libcurl on an event loop: many transfers, the connections they share, and those that lie idle.
///
/// libcurl says which sockets it waits for and when it wants to be called; the loop calls it (curl_multi_socket_action(3)).
///
/// **Threads.** The loop's only, but for `retire` and what is constant. So what it uses for each transfer is not checked for
/// exclusive access.
@safe
final class CurlLoop: LoopSource, @unchecked Sendable {
    /// Without a transfer for so long, everything is closed.
    private static let patience: Int64 = 60_000_000_000
    /// As many connections are kept.
    private static let maximumConnections = 100

    let core: LoopCore
    /// Keeps its thread.
    private let loop: EventLoop

    /// There from the first transfer on, until nothing happens for long.
    private var multi: UnsafeMutableRawPointer?
    /// Each knows its place.
    @exclusivity(unchecked) var transfers: [LoopTransfer] = []
    /// Those of them that began since libcurl was called last.
    @exclusivity(unchecked) private var begun: [LoopTransfer] = []
    /// Those that are watched, and those that lie idle.
    @exclusivity(unchecked) var sockets = SocketTable()
    @exclusivity(unchecked) private var idleSockets = IdleSockets()
    @exclusivity(unchecked) private var unreadSockets = UnreadSockets()
    /// When libcurl wants to be called at the latest.
    var deadline: Int64 = .max
    /// Where streams have been reset of which the server has not been told.
    var resets: [(origin: Origin, port: Int)] = []
    let common = CurlCommon()
    private var hasEnded = false
    private let spare = SpareHandles()
    private var isRetired = false

    /// libcurl is not to be called while it calls us: what comes up then waits here.
    private var isInside = false
    var later: [() -> Void] = []

    init(on loop: EventLoop) {
        self.loop = loop
        core = loop.core
        super.init()
    }

    /// A handle that no transfer uses, if possible one that is set up for the next; nil when there is no memory. From any thread.
    func takeEasy(for setting: CurlSetting?) -> CurlEasy? {
        setting.flatMap { spare.take(for: $0) } ?? CurlEasy(common)
    }

    /// Begins a transfer.
    func begin(_ transfer: LoopTransfer) {
        if isInside { return later.append { self.start(transfer) } }
        inside { start(transfer) }
    }

    /// Takes a transfer off, whether it has ended or not, and closes its connection if it has not.
    func end(_ transfer: LoopTransfer) {
        if isInside { return later.append { self.remove(transfer) } }
        inside { remove(transfer) }
    }

    /// Goes on with a transfer that had no room.
    func resume(_ transfer: LoopTransfer) {
        guard isActive(transfer) else { return }
        if isInside { return later.append { self.goOn(transfer) { $0.resume() } } }
        inside { goOn(transfer) { $0.resume() } }
    }

    /// Goes on with the body of the request of a transfer.
    func resumeSending(_ transfer: LoopTransfer) {
        guard isActive(transfer) else { return }
        if isInside { return later.append { self.goOn(transfer) { $0.resumeSending() } } }
        inside { goOn(transfer) { $0.resumeSending() } }
    }

    /// Whether a transfer is under way here.
    func isActive(_ transfer: LoopTransfer) -> Bool {
        transfer.place != nil
    }

    /// Nobody will begin another transfer: when the last one has ended, everything is closed. From any thread.
    func retire() {
        core.post {
            self.isRetired = true
            if !self.isInside { self.inside {} }
        }
    }

    /// A socket is ready.
    func isReady(_ socket: curl_socket_t, _ flags: Int32) {
        inside { act(socket, flags) }
    }

    override func timeIsOver(_ now: Int64) {
        inside {
            if deadline <= now {
                actNow()
            } else if unsafe transfers.isEmpty {
                closeAll()
            }
        }
    }

    override func loopEnds() {
        hasEnded = true
        inside {
            for transfer in unsafe transfers {
                transfer.pipe.finish(.failed(closedError(transfer.pipe.url)))
                remove(transfer)
            }
            closeAll()
        }
    }

    /// Why nothing can be opened when the loop does not take a transfer.
    func closedError(_ url: String) -> OpenError {
        core.isForked
            ? OpenError(.forked, .open, url: url, detail: "the event loop belongs to the parent process")
            : OpenError(.closed, .open, url: url, detail: "the event loop was shut down")
    }
}

// What calls libcurl.
extension CurlLoop {
    /// Runs code that calls libcurl, then takes care of the transfers that have ended by that, and of the timer.
    ///
    /// Not while libcurl calls us: then it is to be done later.
    func inside(_ body: () -> Void) {
        isInside = true
        body()
        takeFinished()
        repeat {
            while !later.isEmpty {
                later.removeFirst()()
                takeFinished()
            }
            if !resets.isEmpty { tell() }
            if unsafe !common.overtaken.isEmpty { askAgain() }
            // Either calls libcurl, by which there may be more of each.
        } while !later.isEmpty || !resets.isEmpty
        if unsafe isRetired && transfers.isEmpty { closeAll() }
        isInside = false
        setTimer()
    }

    private func act(_ socket: curl_socket_t, _ flags: Int32) {
        guard let multi = unsafe multi else { return }
        // Whatever socket is ready, libcurl lets those begin, too.
        if unsafe !begun.isEmpty {
            unsafe idleSockets.look(at: core.now, isIdle: isIdle)
            if unsafe !unreadSockets.isEmpty { avoidEnded() }
        }
        var running: Int32 = 0
        let code = unsafe curl_multi_socket_action(multi, socket, flags, &running)
        if code == CURLM_OUT_OF_MEMORY { giveUpAll() }
        while let transfer = unsafe begun.popLast() { transfer.look() }
    }

    private func start(_ transfer: LoopTransfer) {
        if let error = add(transfer) {
            transfer.pipe.finish(.failed(error))
            transfer.transfer.easy.rest(keepsSetting: false)
            transfer.transfer.end()
        } else {
            // libcurl is called for all that begin in a turn of the loop at once, before the loop waits, or with the next socket.
            unsafe begun.append(transfer)
            deadline = 0
        }
    }

    private func add(_ transfer: LoopTransfer) -> OpenError? {
        let url = transfer.pipe.url
        if hasEnded { return closedError(url) }
        // It may have been given up meanwhile.
        if transfer.pipe.rest.isAtEnd { return OpenError(.closed, .open, url: url, detail: "the open was given up") }
        guard let multi = unsafe openMulti() else { return CurlTransport.exhausted(url) }
        let easy = transfer.transfer.easy
        do throws(OpenError) {
            try transfer.transfer.prepare { options in
                self.setCloseFunction(&options, easy)
            }
        } catch {
            return error
        }
        guard unsafe curl_multi_add_handle(multi, easy.pointer) == CURLM_OK else { return CurlTransport.exhausted(url) }
        easy.loopTransfer = transfer
        unsafe transfer.place = transfers.count
        unsafe transfers.append(transfer)
        return nil
    }

    /// Whether a connection lies idle that did so; ends one on which something has arrived that nobody asked for: it is finished,
    /// or poisoned.
    private func isIdle(_ source: CurlSocket) -> Bool {
        guard minato_curl_socket_is_readable(source.socket) else { return true }
        if isUsedAgain(source) { return false }
        minato_curl_end_socket(source.socket)
        return true
    }

    /// Has what begins take no connection of HTTP/2 that its server has ended: while all its streams pause libcurl reads nothing from
    /// it, does not see that, and would send the request there. After those that lie idle it looks itself.
    private func avoidEnded() {
        let ended = unsafe unreadSockets.ended { origin in
            unsafe transfers.contains {
                $0.transfer.isPaused && $0.transfer.isFramed && $0.transfer.request.location.origin == origin
            }
        }
        guard !ended.isEmpty else { return }
        for new in unsafe begun where ended.contains(new.transfer.request.location.origin) {
            new.transfer.easy.avoidOthers()
        }
    }

    /// Whether a transfer uses a socket that lay idle, though libcurl has not asked for it to be watched: what came was there at
    /// once, and more than there is room for.
    private func isUsedAgain(_ source: CurlSocket) -> Bool {
        unsafe transfers.contains { $0.transfer.isPaused && $0.transfer.easy.localPort == source.localPort }
    }

    /// Has libcurl do what it wants to do at once.
    func actNow() {
        deadline = .max
        act(CURL_SOCKET_TIMEOUT, 0)
    }

    /// Resumes a transfer, and takes care of it when it ends by that.
    func goOn(_ transfer: LoopTransfer, _ resume: (CurlTransfer) -> CURLcode) {
        guard isActive(transfer) else { return }
        let code = resume(transfer.transfer)
        guard code != CURLE_OK else { return }
        end(transfer, code)
        if code == CURLE_OUT_OF_MEMORY { giveUpAll() }
    }

    /// Ends a transfer by what libcurl says.
    func end(_ transfer: LoopTransfer, _ code: CURLcode) {
        transfer.transfer.finish(code)
        remove(transfer)
    }

    func takeFinished() {
        guard let multi = unsafe multi else { return }
        var code = CURLE_OK
        while let easy = unsafe minato_curl_multi_next_finished(multi, &code) {
            guard let transfer = unsafe CurlEasy.handle(of: easy)?.loopTransfer, isActive(transfer) else { continue }
            end(transfer, code)
        }
    }

    func remove(_ transfer: LoopTransfer) {
        guard let place = transfer.place, let multi = unsafe multi else { return }
        let easy = transfer.transfer.easy
        // The last one takes its place.
        let last = unsafe transfers.removeLast()
        if last !== transfer {
            unsafe transfers[place] = last
            last.place = place
        }
        (transfer.place, easy.loopTransfer) = (nil, nil)
        core.cancelTimer(transfer)
        // Asked for before it is taken off, and before that may close it. Another transfer may use it already.
        let socket = transfer.transfer.isComplete && !transfer.transfer.isFramed ? easy.socket : -1
        if socket >= 0 { noteIdle(socket) }
        // While other streams use the connection, libcurl before 8.1 forgets to free it.
        if transfer.transfer.isPaused && transfer.transfer.isFramed { easy.dropKept() }
        if transfer.transfer.isCut { cut(transfer.transfer) }
        unsafe _ = curl_multi_remove_handle(multi, easy.pointer)
        easy.rest(keepsSetting: transfer.transfer.isComplete)
        spare.keep(easy)
        transfer.transfer.end()
    }

    private func noteIdle(_ socket: curl_socket_t) {
        let source = unsafe sockets[socket] ?? CurlSocket(socket, on: self)
        if source.isInUse { return }
        unsafe sockets[socket] = source
        unsafe idleSockets.insert(source)
    }

    private func setTimer() {
        guard unsafe multi != nil, !hasEnded else { return core.cancelTimer(self) }
        // Something is always set: what has a timer is told when the loop ends.
        let patience = unsafe transfers.isEmpty ? core.now + Self.patience : .max - 1
        core.setTimer(self, min(deadline, patience))
    }

    private func openMulti() -> UnsafeMutableRawPointer? {
        if let multi = unsafe multi { return unsafe multi }
        guard let opened = unsafe CurlMulti.open() else { return nil }
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe minato_curl_multi_set_long(opened, CURLMOPT_MAXCONNECTS, Self.maximumConnections)
        unsafe minato_curl_multi_set_socket_function(
            opened,
            { easy, socket, interest, context, _ in
                guard let easy = unsafe easy, let context = unsafe context else { return -1 }
                return unsafe Unmanaged<CurlLoop>.fromOpaque(context).takeUnretainedValue()
                    .watch(socket, interest, for: easy)
            }, context)
        unsafe minato_curl_multi_set_timer_function(
            opened,
            { _, milliseconds, context in
                guard let context = unsafe context else { return -1 }
                unsafe Unmanaged<CurlLoop>.fromOpaque(context).takeUnretainedValue().setDeadline(milliseconds)
                return 0
            }, context)
        unsafe multi = unsafe opened
        return unsafe opened
    }

    /// Closes every connection. There is no transfer.
    func closeAll() {
        guard let open = unsafe multi else { return }
        unsafe curl_multi_cleanup(open)
        unsafe multi = nil
        deadline = .max
        for source in unsafe sockets.all { core.remove(source) }
        unsafe begun = []
        unsafe sockets = SocketTable()
        unsafe idleSockets = IdleSockets()
        unsafe unreadSockets = UnreadSockets()
        core.cancelTimer(self)
    }
}

// What libcurl calls.
extension CurlLoop {
    private func watch(_ socket: curl_socket_t, _ interest: Int32, for easy: UnsafeMutableRawPointer) -> Int32 {
        guard interest != CURL_POLL_REMOVE else {
            // When a response has come over a connection of HTTP/1, it is done or pauses, and will mostly be waited for again. Once it
            // works libcurl closes it by our function; an attempt to connect, or a lookup of a name, it does not.
            let transfer = unsafe CurlEasy.handle(of: easy)?.transfer
            let isSettled = transfer?.hasPlainHead == true
            if isSettled, let source = unsafe sockets[socket] { source.rest() } else { forget(socket) }
            if let transfer, transfer.isFramed {
                unsafe unreadSockets.insert(socket, to: transfer.request.location.origin)
            }
            return 0
        }
        unsafe unreadSockets.remove(socket)
        var flags: UInt32 = 0
        if interest & CURL_POLL_IN != 0 { flags |= UInt32(MINATO_READABLE) }
        if interest & CURL_POLL_OUT != 0 { flags |= UInt32(MINATO_WRITABLE) }
        let source = unsafe sockets[socket] ?? CurlSocket(socket, on: self)
        unsafe idleSockets.remove(source)
        guard source.watch(flags, on: core) else {
            giveUpLater(unsafe CurlEasy.handle(of: easy)?.loopTransfer, at: source.localPort)
            return 0
        }
        unsafe sockets[socket] = source
        return 0
    }

    private func setDeadline(_ milliseconds: Int) {
        let now = milliseconds == 0 ? 0 : minato_clock_now()
        deadline = milliseconds < 0 ? .max : now + Int64(milliseconds) * 1_000_000
    }

    /// Forgets a socket before its number can mean another file.
    private func setCloseFunction(_ options: inout CurlOptions, _ easy: CurlEasy) {
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        let code = unsafe minato_curl_set_close_function(
            easy.pointer,
            { context, socket in
                if let context = unsafe context {
                    unsafe Unmanaged<CurlLoop>.fromOpaque(context).takeUnretainedValue().forget(socket)
                }
                return Glibc.close(socket)
            }, context)
        options.note(code)
    }

    private func forget(_ socket: curl_socket_t) {
        unsafe unreadSockets.remove(socket)
        guard let source = unsafe sockets.remove(socket) else { return }
        unsafe idleSockets.remove(source)
        core.remove(source)
    }
}
