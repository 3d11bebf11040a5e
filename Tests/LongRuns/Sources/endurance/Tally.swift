internal import Synchronization

/// What a server has done, and what it is doing.
final class Tally: Sendable {
    private let begun = Atomic(0)
    private let ended = Atomic(0)
    private let thrown = Atomic(0)

    /// Handlers and responders that there are.
    var inFlight: Int { begun.load(ordering: .relaxed) - ended.load(ordering: .relaxed) }

    /// Those that there were and are.
    var served: Int { begun.load(ordering: .relaxed) }

    var status: String {
        Console.status([
            ("tasks", inFlight), ("served", served), ("thrown", thrown.load(ordering: .relaxed)),
        ])
    }

    /// A handler begins: its number.
    func begin() -> Int { begun.add(1, ordering: .relaxed).newValue }

    func end() { ended.add(1, ordering: .relaxed) }

    /// Fails in one of a hundred.
    func failSometimes(_ number: Int) throws {
        guard number % 100 == 7 else { return }
        thrown.add(1, ordering: .relaxed)
        throw Thrown()
    }

    struct Thrown: Error {}
}

/// Counts a responder as long as it lives.
final class Ticket: Sendable {
    let tally: Tally
    let number: Int

    init(_ tally: Tally) {
        self.tally = tally
        number = tally.begin()
    }

    deinit { tally.end() }
}
