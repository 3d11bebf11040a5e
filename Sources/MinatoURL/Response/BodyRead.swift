/// One read of a body as a state machine: what it takes out of the bytes that are there, or how many it needs.
///
/// It waits for nothing, so that the read of a thread and that of a task are the same.
struct BodyRead {
    /// What is asked for.
    enum Demand {
        /// So many bytes, fewer only at the end of the body.
        case exactly(Int)
        /// What is there, at most so many bytes.
        case atMost(Int)
        /// A line with its newline, at most so long.
        case line(Int)
        /// The rest, at most so many bytes; `expected` is the length of the whole body, where it is known.
        case rest(Int, expected: Int?)
    }

    /// What follows.
    enum Step {
        /// These bytes are the result.
        case done([UInt8])
        /// To be asked again when there are so many bytes, or when the body has ended.
        case wait(until: Int)
        /// What was asked for is longer than the limit; nothing is taken.
        case tooLong(String)
    }

    private let demand: Demand
    /// How far a newline was looked for.
    private var searched = 0

    init(_ demand: Demand) {
        self.demand = demand
    }

    /// Looks at the bytes that are there.
    ///
    /// - Parameters:
    ///   - queue: The bytes; the result is taken out of them.
    ///   - taken: How many bytes earlier reads have taken.
    ///   - isAtEnd: Whether no more bytes will come.
    mutating func step(_ queue: inout ByteQueue, taken: Int, isAtEnd: Bool) -> Step {
        switch demand {
        case .exactly(let count):
            return queue.count >= count || isAtEnd ? .done(queue.take(count)) : .wait(until: count)
        case .atMost(let count):
            return queue.count >= min(count, 1) || isAtEnd ? .done(queue.take(count)) : .wait(until: 1)
        case .line(let limit):
            return line(&queue, limit, isAtEnd)
        case .rest(let limit, let expected):
            let length = expected.map { $0 - taken } ?? queue.count
            guard max(length, queue.count) <= limit else { return .tooLong("the body is longer than \(limit) bytes") }
            if isAtEnd { return .done(queue.take(limit)) }
            // A length is a promise of the server, not a reason to allocate gigabytes.
            queue.reserve(min(length, 16 << 20))
            // One byte more would be too many; at the end of the body none comes.
            return .wait(until: limit == .max ? limit : limit + 1)
        }
    }

    private mutating func line(_ queue: inout ByteQueue, _ limit: Int, _ isAtEnd: Bool) -> Step {
        if let distance = queue.distance(to: UInt8(ascii: "\n"), from: searched) {
            return distance < limit ? .done(queue.take(distance + 1)) : .tooLong("a line is longer than \(limit) bytes")
        }
        searched = queue.count
        guard searched <= limit else { return .tooLong("a line is longer than \(limit) bytes") }
        return isAtEnd ? .done(queue.take(searched)) : .wait(until: searched + 1)
    }
}
