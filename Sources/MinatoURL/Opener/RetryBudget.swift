internal import MinatoLoop

/// How many retries an opener has left: opens earn a part of one each, up to ten.
final class RetryBudget: Sendable {
    private static let capacity = 10.0

    private let left = Guarded(capacity)

    /// An open begins.
    func earn(_ amount: Double) {
        left.withLock { left in left = min(Self.capacity, left + max(0, amount)) }
    }

    /// Takes one retry. False when there is none left.
    func spend() -> Bool {
        left.withLock { left in
            guard left >= 1 else { return false }
            left -= 1
            return true
        }
    }
}
