import Testing

@testable import MinatoServer

@Suite("The table of what is in flight")
struct WorkTableTests {
    /// Enters and takes out by a plan, in a table and in a dictionary, and compares.
    private func follow(_ plan: (_ number: UInt64) -> [UInt64], upTo count: UInt64) {
        var table = WorkTable<UInt64>()
        var model: [UInt64: UInt64] = [:]
        for number in 1...count {
            table[number] = number &* 3
            model[number] = number &* 3
            for other in plan(number) {
                let removed = table.remove(other)
                #expect(removed == model.removeValue(forKey: other))
            }
            #expect(table.count == model.count)
        }
        for number in 1...count { #expect(table[number] == model[number]) }
        var seen: [UInt64] = []
        table.updateAll {
            seen.append($0)
            $0 += 1
        }
        #expect(seen.sorted() == model.values.sorted())
        for number in model.keys { #expect(table[number] == number &* 3 + 1) }
        #expect(table.contains { $0 == 4 } == (model[1] != nil))
    }

    @Test("It is a dictionary, whoever comes and goes, in whatever order", arguments: [1, 2, 10, 1000] as [UInt64])
    func comingAndGoing(lasting: UInt64) {
        // The first come, first to go.
        follow({ number in number > lasting ? [number - lasting] : [] }, upTo: 5000)
        // Some stay for ever, the others go at once.
        follow({ number in number % (lasting + 1) == 0 ? [] : [number] }, upTo: 5000)
        // Random ones go, and some that are not there.
        var generator = SystemRandomNumberGenerator()
        follow({ number in number > lasting ? [.random(in: 1...number + 5, using: &generator)] : [] }, upTo: 5000)
    }

    @Test("Nothing is in an empty one, and nil takes an entry out")
    func empty() {
        var table = WorkTable<String>()
        #expect(table[1] == nil)
        let nothing = table.remove(1)
        #expect(nothing == nil)
        #expect(!table.contains { _ in true })
        table[7] = "a"
        table[7]?.append("b")
        table[8]?.append("b")
        #expect(table[7] == "ab")
        table[7] = nil
        #expect(table.isEmpty)
        #expect(table[7] == nil)
    }

    @Test("Searching stays short for numbers that are counted up, however many stay")
    func searching() {
        // Were the numbers themselves the places, the new ones would search through all that have stayed.
        var table = WorkTable<Int>()
        for number in 1...UInt64(20_000) { table[number] = 0 }
        for number in UInt64(20_001)...400_000 {
            table[number] = 0
            table.remove(number)
        }
        #expect(table.count == 20_000)
    }
}
