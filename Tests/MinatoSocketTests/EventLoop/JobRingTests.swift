import TestSupport
import Testing

@_spi(Loops) @testable import MinatoLoop

@Suite("Jobs", .watchdog, .serialized)
struct JobRingTests {
    /// Keeps its jobs until they are asked for.
    private final class Collector: SerialExecutor, @unchecked Sendable {
        private let jobs = Guarded<[UnownedJob]>([])

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            jobs.withLock { $0.append(job) }
        }

        func takeAll() -> [UnownedJob] {
            jobs.withLock { jobs in
                defer { jobs = [] }
                return jobs
            }
        }
    }

    private actor Worker {
        let collector: Collector
        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe collector.asUnownedSerialExecutor() }
        private(set) var done: [Int] = []

        init(_ collector: Collector) { self.collector = collector }
        func work(_ number: Int) { done.append(number) }
        func result() -> [Int] { done }
    }

    @Test("Jobs come out in the order in which they were put in, however full the ring gets", arguments: [1, 4, 256])
    func order(_ capacity: Int) async throws {
        let collector = Collector()
        let worker = Worker(collector)
        var ring = JobRing(capacity: capacity)
        #expect(ring.removeFirst() == nil)
        var tasks: [Task<Void, Never>] = []
        var started = 0
        var run = 0
        // Filled by more than it is emptied by, so that it wraps around, and grows while wrapped.
        for count in [1, 3, 2, 7, 300, 5] {
            for _ in 0..<count {
                let number = started
                tasks.append(Task { await worker.work(number) })
                started += 1
                var jobs: [UnownedJob] = []
                while jobs.isEmpty {
                    jobs = collector.takeAll()
                    await Task.yield()
                }
                for job in jobs { ring.append(job) }
            }
            for _ in 0..<(count + 1) / 2 {
                guard let job = ring.removeFirst() else { break }
                unsafe job.runSynchronously(on: collector.asUnownedSerialExecutor())
                run += 1
            }
            #expect(ring.count == started - run)
        }
        while let job = ring.removeFirst() { unsafe job.runSynchronously(on: collector.asUnownedSerialExecutor()) }
        for task in tasks { await task.value }
        let result = Task { await worker.result() }
        var jobs: [UnownedJob] = []
        while jobs.isEmpty {
            jobs = collector.takeAll()
            await Task.yield()
        }
        for job in jobs { unsafe job.runSynchronously(on: collector.asUnownedSerialExecutor()) }
        #expect(await result.value == Array(0..<started))
    }
}
