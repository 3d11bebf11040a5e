import MinatoSocket

/// What the process has, of all that can be leaked, and what it may have at the end:
///
/// | kind | at the end |
/// |---|---|
/// | sockets, pollers and signalfds | those of the start |
/// | ``LiveObjects``: threads, connections, listeners, tasks, transfers | as many of a kind as at the start: the shared loops |
/// | memory from malloc | ``LeakCheck/memoryBound`` more than at the start: Swift Testing keeps what it has seen |
struct Belongings {
    var sockets: [Int32: String] = [:]
    var objects = LiveObjects.allCases.map { _ in 0 }
    var memory: Int?

    static let none = Belongings()

    /// Those of this moment.
    static func now() -> Belongings {
        Belongings(
            sockets: LeakCheck.openSockets(), objects: LiveObjects.allCases.map { $0.count ?? 0 },
            memory: AllocatedMemory.count)
    }

    /// What there is now and was not then, a line for each.
    func leaks(since baseline: Belongings) -> [String] {
        var lines = sockets.filter { baseline.sockets[$0.key] != $0.value }.sorted { $0.key < $1.key }
            .map { "leaked descriptor \($0.key): \($0.value)" }
        for (kind, counts) in zip(LiveObjects.allCases, zip(objects, baseline.objects)) where counts.0 > counts.1 {
            lines.append("leaked \(kind): \(counts.0), of which \(counts.1) may be")
        }
        if let memory, let before = baseline.memory, memory - before > LeakCheck.memoryBound {
            lines.append(
                "leaked memory: \((memory - before) >> 20) MiB, of which \(LeakCheck.memoryBound >> 20) may be")
        }
        return lines
    }
}

extension LeakCheck {
    /// How much more memory the process may have from malloc at its end than at its start, in bytes.
    static var memoryBound: Int { 64 << 20 }
}
