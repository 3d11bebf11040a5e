// The datagrams that tasks handle, one task many of them: so they are counted, and not kept one by one.

extension ServingState {
    /// Those of all loops.
    struct Handlers {
        private var tallies: [HandlerTally] = []
        private var isWatched = false
        /// The tasks that handle datagrams. Whoever asks from one of them does so in a handler.
        private var workers: Set<WorkerID> = []
        /// The tasks whose handlers were not ended with the others, because they drain.
        private var drainers: Set<WorkerID> = []
        private var areEnded = false

        /// How many are in flight.
        var count: Int { tallies.reduce(0) { $0 + $1.count } }

        /// How many tasks there are to handle them.
        var workerCount: Int { workers.count }

        /// Those that were not ended with the others, and go on.
        var spared: Int { drainers.count }

        mutating func add(_ tally: HandlerTally) {
            tallies.append(tally)
            if isWatched { tally.watch() }
        }

        /// From now on every end is told under the lock.
        mutating func watch() {
            isWatched = true
            for tally in tallies { tally.watch() }
        }

        mutating func enter(_ worker: WorkerID) { workers.insert(worker) }

        mutating func leave(_ worker: WorkerID) { workers.remove(worker) }

        func areBusy(besides worker: WorkerID) -> Bool { count > (workers.contains(worker) ? 1 : 0) }

        /// All are ended, but for the one of a task that drains. How many that are.
        mutating func end(besides worker: WorkerID?) -> Int {
            let spared = worker.flatMap { workers.contains($0) ? $0 : nil }
            defer { areEnded = true }
            if areEnded {
                // Those that were spared then, and are not now.
                let all = drainers.count
                drainers = drainers.filter { $0 == spared }
                return all - drainers.count
            }
            drainers = spared.map { [$0] } ?? []
            return count - drainers.count
        }

        /// Whether the handler that has returned was spared. It is forgotten.
        mutating func isSpared(_ worker: WorkerID) -> Bool { drainers.remove(worker) != nil }
    }

    mutating func add(_ tally: HandlerTally) { handlers.add(tally) }

    /// A task that handles datagrams begins.
    mutating func enter(_ worker: WorkerID) { handlers.enter(worker) }

    /// It ends.
    mutating func leave(_ worker: WorkerID) { handlers.leave(worker) }

    /// So many datagrams are not handled after all.
    func handlersEnd(_ count: Int, _ tally: HandlerTally) { tally.change(by: -count) }
}
