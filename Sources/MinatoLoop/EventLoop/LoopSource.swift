/// Something that an event loop tells about: a descriptor that became ready, a timer that ran out.
///
/// **Threads.** Everything here is used on the loop's thread only. The loop keeps a source alive while it is registered or
/// has a timer.
///
/// Its variables are not checked for exclusive access: each access is a load or a store, and only the loop's thread makes it.
///
/// Open to the modules of this package, and to nobody else: what Swift calls a package class cannot be inherited from in
/// another module.
@_spi(Loops)
open class LoopSource {
    /// The registration in the poller, 0 for none.
    @exclusivity(unchecked) package final var registration: UInt64 = 0
    /// Where the loop keeps it while it is registered, -1 for nowhere.
    @exclusivity(unchecked) @usableFromInline final var place = -1
    /// Where its timer stands in the heap, -1 for nowhere.
    @exclusivity(unchecked) @usableFromInline package final var timerPlace = -1

    /// Whether it is among those that the loop calls again.
    @exclusivity(unchecked) final var isToBeCalledAgain = false

    /// Whether the loop watches its descriptor.
    @inlinable
    public final var isRegistered: Bool { unsafe place >= 0 }

    /// Registered nowhere yet.
    public init() {}

    /// The descriptor is ready, or has failed: `MINATO_READABLE` and so on.
    open func isReady(_ flags: UInt32) {}

    /// The others have had their turn since it asked to be called again. By default this is `isReady` without flags.
    open func isCalledAgain() { isReady(0) }

    /// The time is over for which a timer was set.
    open func timeIsOver(_ now: Int64) {}

    /// The loop ends: nothing will be told any more.
    open func loopEnds() {}
}

/// Dumped without its inside, which the loop's thread changes meanwhile.
extension LoopSource: CustomReflectable {
    /// Has no children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
