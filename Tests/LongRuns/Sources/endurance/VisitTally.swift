internal import Synchronization

/// What the visitors have seen.
final class VisitTally: Sendable {
    enum Event: Int, CaseIterable {
        /// One that has connected.
        case visit
        /// Answered, and right.
        case message
        /// Something else came than was sent: never right.
        case wrong
        /// Nothing came for 20 s: never right.
        case late
        /// The connection broke off: its handler threw, its time was over, or somebody killed it.
        case broken
        /// Datagrams without an answer.
        case lost
        /// How visits went that were not to go well.
        case reset, silent, deaf, cancelled
    }

    private let counts: [Counter] = Event.allCases.map { _ in Counter() }

    private final class Counter: Sendable { let value = Atomic(0) }

    func add(_ event: Event) { counts[event.rawValue].value.add(1, ordering: .relaxed) }

    var numbers: [(name: String, value: Int)] {
        Event.allCases.map { ("\($0)", counts[$0.rawValue].value.load(ordering: .relaxed)) }
    }
}
