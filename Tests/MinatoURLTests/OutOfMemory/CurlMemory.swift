import CLibcurl
import Glibc
import Synchronization

/// The memory of libcurl, counted, and failing when a test says so. For a process in which nobody has used libcurl before.
enum CurlMemory {
    /// Which allocations fail.
    enum Extent: CaseIterable, Sendable { case one, allFromThere }

    /// Blocks that have not been given back.
    static var live: Int { counts.live.load(ordering: .sequentiallyConsistent) }

    /// Makes libcurl take its memory from here. Once, before anything else uses it.
    static let isInstalled: Bool = {
        let result = unsafe curl_global_init_mem(
            Int(CURL_GLOBAL_DEFAULT), { unsafe CurlMemory.taken { unsafe malloc($0) }($0) },
            { unsafe CurlMemory.giveBack($0) },
            { old, size in
                guard let old = unsafe old else { return unsafe CurlMemory.taken { unsafe malloc($0) }(size) }
                return unsafe CurlMemory.mayFail() ? nil : realloc(old, size)
            },
            { text in
                guard let text = unsafe text else { return nil }
                return unsafe CurlMemory.taken { _ in unsafe UnsafeMutableRawPointer(strdup(text)) }(0)?
                    .assumingMemoryBound(to: CChar.self)
            },
            { count, size in unsafe CurlMemory.taken { unsafe calloc(count, $0) }(size) })
        return result == CURLE_OK
    }()

    /// Has the allocation of that number, from 1 and from now on, fail, and perhaps all that follow.
    static func fail(at number: Int, _ extent: Extent) {
        counts.lasting.store(extent == .allFromThere, ordering: .sequentiallyConsistent)
        counts.left.store(number, ordering: .sequentiallyConsistent)
    }

    /// Ends that. Whether any has failed.
    static func stopFailing() -> Bool { counts.left.exchange(.max, ordering: .sequentiallyConsistent) <= 0 }

    private struct Counts: ~Copyable, Sendable {
        let live = Atomic<Int>(0)
        /// How many succeed before one fails; 0 or less from then on.
        let left = Atomic<Int>(.max)
        let lasting = Atomic<Bool>(false)
    }

    private static let counts = Counts()

    private static func mayFail() -> Bool {
        if counts.left.load(ordering: .sequentiallyConsistent) == .max { return false }
        let left = counts.left.subtract(1, ordering: .sequentiallyConsistent).newValue
        return left == 0 || left < 0 && counts.lasting.load(ordering: .sequentiallyConsistent)
    }

    private static func taken(
        _ allocate: @escaping (Int) -> UnsafeMutableRawPointer?
    ) -> (Int) -> UnsafeMutableRawPointer? {
        { size in
            if mayFail() { return nil }
            let block = unsafe allocate(size)
            if unsafe block != nil { counts.live.add(1, ordering: .sequentiallyConsistent) }
            return unsafe block
        }
    }

    private static func giveBack(_ block: UnsafeMutableRawPointer?) {
        guard let block = unsafe block else { return }
        unsafe free(block)
        counts.live.subtract(1, ordering: .sequentiallyConsistent)
    }
}
