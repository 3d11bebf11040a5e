/// What happens on a descriptor that tasks of several threads share: one word, changed as a whole.
///
/// A direction is *busy* while an operation has it, *ready* when a system call is worth a try, *waiting* when the operation
/// has stored a continuation. Whoever clears *waiting* owns that continuation and must resume it: so it is resumed once.
/// The descriptor is closed by whoever takes the last use away after `close`: busy directions, guests, and the loop's
/// registration are uses. So no number is ever reused under an operation.
struct ChannelState: Equatable {
    private(set) var word: UInt64

    init(_ word: UInt64 = 0) { self.word = word }

    enum Direction: UInt64, Sendable {
        case reading = 0
        case writing = 1
    }

    /// How an operation begins.
    enum Beginning { case ready, unready, cancelled, busy, closed }

    // Bits 0...15: flags, of which 0...7 and 13...14 come once for each direction; 16...31: guests; 32...47 and 48...63: the number of the last wait of each direction.
    private static let closed: UInt64 = 1 << 8
    private static let cancelled: UInt64 = 1 << 9
    private static let ended: UInt64 = 1 << 10
    private static let registered: UInt64 = 1 << 11
    private static let released: UInt64 = 1 << 12
    private static func busy(_ direction: Direction) -> UInt64 { 1 << direction.rawValue }
    private static func ready(_ direction: Direction) -> UInt64 { 4 << direction.rawValue }
    private static func waiting(_ direction: Direction) -> UInt64 { 16 << direction.rawValue }
    private static func own(_ direction: Direction) -> UInt64 { 64 << direction.rawValue }
    private static func timed(_ direction: Direction) -> UInt64 { 1 << (13 + direction.rawValue) }
    private static let gap: UInt64 = 1 << 15
    private static let guest: UInt64 = 1 << 16
    private static let guests: UInt64 = 0xffff << 16
    private static let uses: UInt64 = guests | registered | 3
    private static func waitShift(_ direction: Direction) -> UInt64 { 32 + 16 * direction.rawValue }

    private func has(_ bits: UInt64) -> Bool { word & bits != 0 }

    var isClosed: Bool { has(Self.closed) }
    var isCancelled: Bool { has(Self.cancelled) }
    /// A short read does not mean that nothing more is to be learnt: the other side has ended or broken the stream, or it is a
    /// socket on which a short read means nothing.
    var hasEnded: Bool { has(Self.ended) }
    /// A write was given up after a limit of time: what the peer was sent has a gap.
    var hasGap: Bool { has(Self.gap) }
    @inline(__always)
    func isReady(_ direction: Direction) -> Bool { has(Self.ready(direction)) }
    @inline(__always)
    func isWaiting(_ direction: Direction) -> Bool { has(Self.waiting(direction)) }
    /// Whether the last wait that began has a deadline.
    func isTimed(_ direction: Direction) -> Bool { has(Self.timed(direction)) }
    /// The number, modulo 65,536, of the last wait that began.
    @inline(__always)
    func wait(_ direction: Direction) -> UInt16 { UInt16(truncatingIfNeeded: word >> Self.waitShift(direction)) }

    // MARK: Operations

    /// An operation takes its direction, and the readiness, which is used up by the try that follows.
    ///
    /// `ready` and `unready`: it has the direction. `cancelled`: it has it if it is no operation of the own task.
    mutating func begin(_ direction: Direction) -> Beginning {
        if has(Self.closed | Self.busy(direction)) { return has(Self.closed) ? .closed : .busy }
        let isReady = has(Self.ready(direction))
        word = word & ~Self.ready(direction) | Self.busy(direction)
        return has(Self.cancelled) ? .cancelled : isReady ? .ready : .unready
    }

    /// A try is worth it, whatever the kernel has reported.
    mutating func putReadiness(_ direction: Direction) { word |= Self.ready(direction) }

    /// The operation gives its direction back. True when the caller must close the descriptor.
    mutating func finish(_ direction: Direction, isReady: Bool) -> Bool {
        word &= ~Self.busy(direction)
        if isReady { word |= Self.ready(direction) }
        return takeRelease()
    }

    /// Something that is no reading or writing uses the descriptor: options, addresses.
    mutating func enter() -> Bool {
        guard !has(Self.closed), word & Self.guests != Self.guests else { return false }
        word += Self.guest
        return true
    }

    /// True when the caller must close the descriptor.
    mutating func leave() -> Bool {
        word -= Self.guest
        return takeRelease()
    }

    // MARK: Waiting

    /// A wait begins, whose continuation is stored already. False when there is no reason to wait; a readiness that came
    /// meanwhile is used up.
    ///
    /// - Parameters:
    ///   - isOwn: the wait of the connection's own task, which `cancelOwn` ends.
    ///   - isTimed: whether it has a deadline.
    @inline(__always)
    mutating func beginWait(_ direction: Direction, isOwn: Bool, isTimed: Bool) -> Bool {
        if has(Self.ready(direction) | Self.closed) || isOwn && has(Self.cancelled) {
            word &= ~Self.ready(direction)
            return false
        }
        let shift = Self.waitShift(direction)
        let number = UInt64(wait(direction) &+ 1)
        word = word & ~(0xffff << shift | Self.own(direction) | Self.timed(direction)) | number << shift
        word |= Self.waiting(direction) | (isOwn ? Self.own(direction) : 0) | (isTimed ? Self.timed(direction) : 0)
        return true
    }

    /// Ends a wait, when it is still this one. True: the caller resumes it.
    mutating func endWait(_ direction: Direction, number: UInt16) -> Bool {
        guard wait(direction) == number else { return false }
        return takeWait(direction)
    }

    @inline(__always)
    private mutating func takeWait(_ direction: Direction) -> Bool {
        guard has(Self.waiting(direction)) else { return false }
        word &= ~Self.waiting(direction)
        return true
    }

    // MARK: Events

    /// The waits that the caller resumes.
    struct Wakes: Equatable {
        var reader = false
        var writer = false
    }

    /// The kernel reported readiness, which goes to whoever waits for it, and is kept otherwise. `ended`: hang-up, error, or
    /// the peer's end of the stream.
    @inline(__always)
    mutating func report(readable: Bool, writable: Bool, ended: Bool) -> Wakes {
        let wakes = Wakes(reader: readable && takeWait(.reading), writer: writable && takeWait(.writing))
        if readable, !wakes.reader { word |= Self.ready(.reading) }
        if writable, !wakes.writer { word |= Self.ready(.writing) }
        if ended { word |= Self.ended }
        return wakes
    }

    /// From the start on a short read means nothing.
    mutating func putEnded() { word |= Self.ended }

    /// The connection's own task was cancelled: its waits end, and it begins no more.
    mutating func cancelOwn() -> Wakes {
        word |= Self.cancelled
        return Wakes(
            reader: has(Self.own(.reading)) && takeWait(.reading),
            writer: has(Self.own(.writing)) && takeWait(.writing))
    }

    /// The descriptor got another own task, or none.
    mutating func forgetCancellation() { word &= ~Self.cancelled }

    /// From now on what the peer was sent has a gap.
    mutating func putGap() { word |= Self.gap }

    // MARK: Life

    mutating func register() { word |= Self.registered }

    /// True when the caller must close the descriptor.
    mutating func unregister() -> Bool {
        word &= ~Self.registered
        return takeRelease()
    }

    /// Nothing begins any more. Nil when it was closed already.
    mutating func close() -> Wakes? {
        if has(Self.closed) { return nil }
        word |= Self.closed
        return Wakes(reader: takeWait(.reading), writer: takeWait(.writing))
    }

    /// Whether the descriptor is to be closed now: once.
    mutating func takeRelease() -> Bool {
        guard has(Self.closed), !has(Self.uses | Self.released) else { return false }
        word |= Self.released
        return true
    }
}
