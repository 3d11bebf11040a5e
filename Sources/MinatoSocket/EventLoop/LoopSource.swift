/// Something that an event loop tells about: a descriptor that became ready, a timer that ran out.
///
/// **Threads.** Everything here is used on the loop's thread only. The loop keeps a source alive while it is registered or
/// has a timer.
package class LoopSource {
    /// The registration in the poller, 0 for none.
    package final var registration: UInt64 = 0
    /// Where the loop keeps it while it is registered, -1 for nowhere.
    final var place = -1
    /// Where its timer stands in the heap, -1 for nowhere.
    final var timerPlace = -1

    package init() {}

    /// The descriptor is ready, or has failed: `MINATO_READABLE` and so on.
    package func isReady(_ flags: UInt32) {}

    /// The time is over for which a timer was set.
    package func timeIsOver(_ now: Int64) {}

    /// The loop ends: nothing will be told any more.
    package func loopEnds() {}
}
