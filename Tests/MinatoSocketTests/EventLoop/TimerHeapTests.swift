import TestSupport
import Testing

@_spi(Loops) @testable import MinatoLoop
@testable import MinatoSocket

@Suite("Timers", .watchdog, .serialized)
struct TimerHeapTests {
    private final class Source: LoopSource {
        let number: Int
        init(_ number: Int) { self.number = number }
    }

    @Test("Random setting, moving, cancelling and running out, against a sorted array")
    func model() {
        var heap = TimerHeap()
        let sources = (0..<200).map { Source($0) }
        var model: [Int: Int64] = [:]
        for _ in 0..<20_000 {
            guard let source = sources.randomElement() else { return }
            let time = Int64.random(in: 0..<1000)
            switch Int.random(in: 0..<10) {
            case 0..<6:
                heap.set(source, time)
                model[source.number] = time
            case 6..<9:
                heap.cancel(source)
                model[source.number] = nil
            default:
                let due = model.values.min()
                let expired = heap.removeExpired(time)
                if let due, due <= time {
                    guard let expired = expired as? Source, model[expired.number] == due else {
                        Issue.record("\(String(describing: expired)) expired instead of one at \(due)")
                        return
                    }
                    model[expired.number] = nil
                    #expect(heap.deadline(of: expired) == nil)
                } else if expired != nil {
                    Issue.record("expired too early")
                }
            }
            guard heap.count == model.count, heap.next == model.values.min() ?? .max,
                heap.deadline(of: source) == model[source.number]
            else {
                Issue.record("\(heap.count) timers, next \(heap.next), instead of \(model.count)")
                return
            }
        }
    }

    @Test("100,000 are set and 90 in 100 cancelled: the others run out in order, and none is held any longer")
    func many() {
        weak var last: Source?
        do {
            var heap = TimerHeap()
            var kept: [Int64] = []
            for number in 0..<100_000 {
                let source = Source(number)
                let time = Int64.random(in: 0..<1_000_000)
                heap.set(source, time)
                if number % 10 == 0 { kept.append(time) } else { heap.cancel(source) }
                last = source
            }
            #expect(last == nil)
            #expect(heap.count == kept.count)
            var times: [Int64] = []
            while let source = heap.removeExpired(.max) {
                times.append(kept[(source as? Source).map { $0.number / 10 } ?? 0])
            }
            #expect(times == kept.sorted())
        }
        do {
            let source = Source(0)
            last = source
            do {
                var heap = TimerHeap()
                heap.set(source, 1)
            }
            // The heap is gone, and the source free for another one.
            var other = TimerHeap()
            other.set(source, 2)
            #expect(other.deadline(of: source) == 2)
        }
        #expect(last == nil)
    }
}
