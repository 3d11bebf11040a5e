import MinatoSocket

/// What happened, written down by several threads; a test waits for as much as it expects.
final class Journal<Entry: Sendable>: @unchecked Sendable {
    private let lock = Lock()
    private var written: [Entry] = []

    func write(_ entry: Entry) {
        lock.withLock {
            written.append(entry)
            lock.wakeAll()
        }
    }

    var entries: [Entry] { lock.withLock { written } }

    /// Waits until there are so many entries, and gives them all.
    @discardableResult
    func wait(for count: Int) -> [Entry] {
        lock.withLock {
            while written.count < count { lock.wait() }
            return written
        }
    }
}

/// How many threads are somewhere at a time, and how many there were at most; and a door that they wait at.
final class Gate: @unchecked Sendable {
    private let lock = Lock()
    private var isOpen = false
    private var inside = 0
    private var most = 0

    /// Enters and waits until the door is open.
    func pass() {
        lock.withLock {
            inside += 1
            most = max(most, inside)
            lock.wakeAll()
            while !isOpen { lock.wait() }
            inside -= 1
        }
    }

    func open() {
        lock.withLock {
            isOpen = true
            lock.wakeAll()
        }
    }

    /// Waits until so many threads wait at the door.
    func wait(for count: Int) {
        lock.withLock { while inside < count { lock.wait() } }
    }

    var peak: Int { lock.withLock { most } }
}
