import TestSupport
import Testing

@testable import MinatoServer

@Suite("Places for handlers of datagrams", .watchdog)
struct HandlerPlacesTests {
    private final class Seeker: PlaceSeeker {
        let told = Journal<Bool>()
        func placeIsFree() { told.write(true) }
        var count: Int { told.entries.count }
    }

    @Test("As many are taken as there are, and no more")
    func taking() {
        let places = HandlerPlaces(5)
        #expect(places.take(atMost: 3) == 3)
        #expect(places.take(atMost: 3) == 2)
        #expect(places.take(atMost: 3) == 0)
        places.giveBack(0)
        #expect(places.take(atMost: 1) == 0)
        places.giveBack(4)
        #expect(places.take(atMost: 10) == 4)
    }

    @Test("Whoever found none is told once there is one, all who did, and nobody else")
    func telling() {
        let places = HandlerPlaces(1)
        let (first, second, idle) = (Seeker(), Seeker(), Seeker())
        #expect(places.take(atMost: 1, for: idle) == 1)
        #expect(places.take(atMost: 1, for: first) == 0)
        #expect(places.take(atMost: 1, for: second) == 0)
        places.giveBack(1)
        #expect([first.count, second.count, idle.count] == [1, 1, 0])
        // Whoever comes too late asks again.
        #expect(places.take(atMost: 1, for: first) == 1)
        #expect(places.take(atMost: 1, for: second) == 0)
        places.giveBack(1)
        #expect([first.count, second.count] == [1, 2])
    }

    @Test("One who is gone is not told")
    func forgetting() {
        let places = HandlerPlaces(1)
        let seeker = Seeker()
        #expect(places.take(atMost: 1) == 1)
        #expect(places.take(atMost: 1, for: seeker) == 0)
        places.forget(seeker)
        places.giveBack(1)
        #expect(seeker.count == 0)
    }

    @Test("Nobody waits for ever: loops that take and give back, each waiting only when it is told that it must")
    func threads() throws {
        let places = HandlerPlaces(2)
        let threads = try (0..<4).map { _ in
            try Background {
                for _ in 0..<2000 {
                    let seeker = Seeker()
                    var count = places.take(atMost: 1, for: seeker)
                    var told = 0
                    while count == 0 {
                        told += 1
                        seeker.told.wait(for: told)
                        count = places.take(atMost: 1, for: seeker)
                    }
                    places.giveBack(count)
                    places.forget(seeker)
                }
            }
        }
        for thread in threads { try thread.join() }
        #expect(places.take(atMost: 10) == 2)
    }
}
