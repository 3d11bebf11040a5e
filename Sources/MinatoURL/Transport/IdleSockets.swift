/// The sockets of connections of HTTP/1 that no transfer uses: nothing may come on them.
struct IdleSockets {
    /// Each knows its place. Those that have been looked at since the loop waited last come first.
    private var all: [CurlSocket] = []
    private var seenCount = 0
    /// When that was.
    private var seenAt: Int64 = 0

    /// Takes one that has just become idle, or has been used and is idle once more.
    mutating func insert(_ source: CurlSocket) {
        remove(source)
        source.idlePlace = all.count
        all.append(source)
    }

    /// Takes one out, if it is there.
    mutating func remove(_ source: CurlSocket) {
        var place = source.idlePlace
        guard place >= 0 else { return }
        source.idlePlace = -1
        if place < seenCount {
            seenCount -= 1
            move(from: seenCount, to: place)
            place = seenCount
        }
        move(from: all.count - 1, to: place)
        all.removeLast()
    }

    /// Asks of each whether it is idle still: once in a turn of the loop, not once for each of many transfers that begin in it.
    ///
    /// - Parameter now: The turn.
    mutating func look(at now: Int64, isIdle: (CurlSocket) -> Bool) {
        if seenAt != now { (seenAt, seenCount) = (now, 0) }
        while seenCount < all.count {
            let source = all[seenCount]
            if isIdle(source) { seenCount += 1 } else { remove(source) }
        }
    }

    private mutating func move(from old: Int, to new: Int) {
        guard old != new else { return }
        all[new] = all[old]
        all[new].idlePlace = new
    }
}
