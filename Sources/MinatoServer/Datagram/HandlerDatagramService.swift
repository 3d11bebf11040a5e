internal import CMinato
internal import Glibc
@_spi(Loops) internal import MinatoLoop
internal import MinatoSocket

/// The async face of a datagram server on one loop: workers, which are tasks, take one datagram after the other out of the batch
/// that was received, and call the handler.
///
/// A handler that does not wait costs no task: its worker takes the next datagram. While one waits, another worker goes on with
/// the batch; a further one is started when there is none.
@safe
final class HandlerDatagramService: DatagramService, PlaceSeeker, @unchecked Sendable {
    /// The most workers that are kept although there is nothing for them to do.
    static let mostIdle = 16

    let port: DatagramPort
    private let places: HandlerPlaces
    private let tally = HandlerTally()
    private let localAddress: SocketAddress?
    private let isWildcard: Bool
    private let sendsTogether: Bool

    // The loop's thread only, as in `DatagramService`.
    /// How many datagrams of the batch have been handed to workers.
    @exclusivity(unchecked) private var handed = 0
    /// Places that are not given back yet.
    @exclusivity(unchecked) private var spare = 0
    @exclusivity(unchecked) private var isInTurn = false
    /// There was no place.
    @exclusivity(unchecked) private var isStarved = false
    private var idle: [DatagramWorker] = []
    /// Workers that have not begun yet, those that are to be started, and the task that starts them.
    @exclusivity(unchecked) private var beginning = 0
    @exclusivity(unchecked) private var wanted = 0
    private var starter: UnsafeContinuation<Int?, Never>?
    private var startsNoMore = false

    init(
        _ server: DatagramServer, _ share: LoopShare, _ port: DatagramPort, _ places: HandlerPlaces,
        isOneOfSeveral: Bool
    ) {
        self.port = port
        self.places = places
        let control = server.control
        localAddress = control.localAddress(nil)
        isWildcard = control.isWildcard
        sendsTogether = port.sendsTogether
        super.init(server, share, port, isOneOfSeveral: isOneOfSeveral)
        server.state.withLock { $0.add(tally) }
    }

    // MARK: - Turns

    private var waiting: Int { unsafe transfer.batch.count - handed }

    override var holdsDatagrams: Bool { waiting > 0 }

    // Where there are edges none is lost: what has come meanwhile is known.
    override var isHeldUp: Bool { unsafe isStarved && !core.hasEdges }

    override func turn() -> DatagramTransfer.Outcome {
        unsafe isInTurn = true
        let outcome = work()
        unsafe isInTurn = false
        giveBackPlaces()
        return outcome
    }

    private func work() -> DatagramTransfer.Outcome {
        transfer.begin()
        var batches = 0
        while true {
            handOut()
            if transfer.replies.count > 0 { transfer.send() }
            if waiting > 0 { return .again }
            guard transfer.mayReceive else { return .wait }
            if batches == DatagramTransfer.batchesInARow { return .again }
            batches += 1
            do throws(SocketError) {
                guard try receive() else { return .wait }
            } catch {
                return .end(error)
            }
        }
    }

    /// Receives a batch, if there is room for handlers. False: there is none.
    private func receive() throws(SocketError) -> Bool {
        let short = unsafe transfer.wanted - spare
        if short > 0 {
            let mustWait = unsafe spare == 0 && !isStarved
            unsafe spare += mustWait ? places.take(atMost: short, for: self) : places.take(atMost: short)
        }
        unsafe isStarved = unsafe spare == 0
        if unsafe isStarved { return false }
        unsafe handed = 0
        guard unsafe try transfer.receive(atMost: spare) else { return true }
        let count = transfer.batch.count
        unsafe spare -= count
        if !tally.enterUnlessWatched(count) { enterWatched(count) }
        return true
    }

    private func enterWatched(_ count: Int) {
        let isWanted = server.state.withLock { state in
            guard !state.endsWork else { return false }
            tally.change(by: count)
            return true
        }
        if isWanted { return }
        unsafe handed = count
        unsafe spare += count
    }

    /// Has workers take the batch, until nothing of it is left, or there is no worker for the rest yet.
    private func handOut() {
        var starting = 1
        while waiting > 0 {
            let before = unsafe handed
            if let worker = idle.popLast() {
                worker.wake()
            } else if unsafe beginning == 0 {
                // More and more, when they all wait: so many need not be started one by one.
                start(min(starting, waiting))
                starting *= 2
            }
            core.runJobsNow()
            if unsafe handed == before { return }
        }
    }

    private func giveBackPlaces() {
        let count = unsafe spare
        unsafe spare = 0
        places.giveBack(count)
    }

    // From any thread.
    func placeIsFree() {
        core.post { [self] in
            unsafe isStarved = false
            callSoon()
        }
    }

    // MARK: - For workers

    /// What a worker takes datagrams with.
    func newArrival() -> DatagramArrival { DatagramArrival(self, localAddress) }

    /// Takes the next datagram. False: there is none. On the loop's thread.
    @inline(__always)
    func take(_ arrival: DatagramArrival) -> Bool {
        guard waiting > 0 else { return false }
        if tally.isWatched, dropsWaiting() { return false }
        let place = unsafe handed
        unsafe handed = place + 1
        arrival.take(transfer.batch, place)
        if isWildcard { note(place, arrival) }
        return true
    }

    @inline(never)
    private func note(_ place: Int, _ arrival: DatagramArrival) {
        let info = transfer.batch.packetInfo(place)
        arrival.wasAsked(
            at: server.control.localAddress(info), replyingFrom: info.flatMap(DatagramControl.source))
    }

    /// After a shutdown nothing more is begun.
    private func dropsWaiting() -> Bool {
        guard server.state.withLock({ $0.endsWork }) else { return false }
        drop()
        return true
    }

    private func drop() {
        let count = waiting
        guard count > 0 else { return }
        unsafe handed += count
        server.state.withLock { $0.handlersEnd(count, tally) }
        places.giveBack(count)
        server.state.announce()
    }

    /// A handler has returned. On every thread.
    @inline(__always)
    func handlerReturned(_ worker: DatagramWorker, isOnLoop: Bool) {
        if isOnLoop, unsafe isInTurn { unsafe spare += 1 } else { places.giveBack(1) }
        if !tally.leaveUnlessWatched() { leaveWatched(worker) }
    }

    @inline(never)
    private func leaveWatched(_ worker: DatagramWorker) {
        // Whoever hears that nothing is in flight any more may end the process.
        if core.isCurrent, transfer.replies.count > 0 { transfer.send() }
        server.state.withLock { $0.handlerEnds(worker.id, tally) }
        server.state.announce()
    }

    /// A worker begins. On every thread.
    func enter(_ worker: DatagramWorker) {
        server.state.withLock { $0.enter(worker.id) }
        if core.isCurrent { unsafe beginning -= 1 }
    }

    /// It ends.
    func leave(_ worker: DatagramWorker) { server.state.withLock { $0.leave(worker.id) } }

    /// A worker has nothing to do. False: it is not kept.
    func rest(_ worker: DatagramWorker) -> Bool {
        guard core.isCurrent, !startsNoMore, idle.count < Self.mostIdle else { return false }
        idle.append(worker)
        return true
    }

    /// Has a task go on on the loop, if there still is one.
    nonisolated(nonsending) func comeBack() async {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            if !core.post({ unsafe continuation.resume() }) { unsafe continuation.resume() }
        }
    }

    // MARK: - Starting workers

    private func start(_ count: Int) {
        unsafe beginning += count
        unsafe wanted += count
        tellStarter()
    }

    private func tellStarter() {
        guard let waiting = unsafe starter else { return }
        unsafe starter = nil
        let count = unsafe wanted
        unsafe wanted = 0
        unsafe waiting.resume(returning: startsNoMore ? nil : count)
    }

    /// Waits until workers are to be started: how many. Nil: never more.
    nonisolated(nonsending) func workersToStart() async -> Int? {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Int?, Never>) in
            let isTaken = core.post { [self] in
                unsafe starter = unsafe continuation
                if unsafe wanted > 0 || startsNoMore { tellStarter() }
            }
            if !isTaken { unsafe continuation.resume(returning: nil) }
        }
    }

    /// Nothing more comes: no worker is started, and those that have nothing to do end. After `stop`.
    func dismissWorkers() { core.post { [self] in endWorkers() } }

    private func endWorkers() {
        startsNoMore = true
        places.forget(self)
        let resting = idle
        idle = []
        for worker in resting { worker.dismiss() }
        tellStarter()
    }

    override func giveUp() {
        drop()
        endWorkers()
    }

    // MARK: - Replies

    /// Sends a reply without waiting: 0 or more, or `-errno`. On every thread.
    ///
    /// Those of a batch's handlers leave together, in their order, when the batch has been handled.
    func reply(_ bytes: [UInt8], to arrival: DatagramArrival) -> Int64 {
        if sendsTogether, core.isCurrent, unsafe isInTurn {
            if bytes.count <= ReplyBatch.longestCopied, arrival.hasPort, hasRoom {
                unsafe bytes.withUnsafeBytes { unsafe arrival.reply($0, in: &transfer.replies) }
                return Int64(bytes.count)
            }
            // What was said before leaves before.
            if transfer.replies.count > 0 { transfer.send() }
        }
        return unsafe bytes.withUnsafeBytes {
            unsafe port.sendOnce($0, to: arrival.sender, from: arrival.source)
        }
    }

    private var hasRoom: Bool {
        if transfer.replies.isFull { transfer.send() }
        return transfer.late.isEmpty
    }
}
