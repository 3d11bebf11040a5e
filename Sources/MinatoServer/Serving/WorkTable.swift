/// What is in flight, by its number: a table that is cheap to enter and to leave.
///
/// A dictionary hashes its keys so that nobody can choose them badly. These are counted up, and nobody chooses them: one
/// multiplication spreads them well enough. Places are tried one after the other, and what stands behind one that becomes
/// free moves up, so that no search ever passes more than what is there.
struct WorkTable<Entry> {
    private struct Place {
        /// 0: free.
        var number: UInt64 = 0
        var entry: Entry?
    }

    private var places: [Place] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// The entry of a number, which is not 0. Setting nil takes it out.
    subscript(number: UInt64) -> Entry? {
        get { places.isEmpty ? nil : places[find(number)].entry }
        set {
            if let newValue {
                if count >= places.count / 4 * 3 { grow() }
                let place = find(number)
                if places[place].number == 0 { count += 1 }
                places[place] = Place(number: number, entry: newValue)
            } else {
                remove(number)
            }
        }
    }

    /// Takes an entry out.
    @discardableResult
    mutating func remove(_ number: UInt64) -> Entry? {
        guard !places.isEmpty else { return nil }
        let place = find(number)
        guard let entry = places[place].entry else { return nil }
        count -= 1
        close(gap: place)
        return entry
    }

    /// Whether an entry is of some kind.
    func contains(where isMeant: (Entry) -> Bool) -> Bool { places.contains { $0.entry.map(isMeant) ?? false } }

    /// Looks at every entry, and may change it.
    mutating func updateAll(_ body: (inout Entry) -> Void) {
        for place in places.indices where places[place].entry != nil {
            guard var entry = places[place].entry.take() else { continue }
            body(&entry)
            places[place].entry = entry
        }
    }

    /// Where a number begins to be looked for: the high bits of a product with the golden ratio, which the counting-up of the
    /// low bits moves far.
    private func home(_ number: UInt64) -> Int {
        Int(truncatingIfNeeded: (number &* 0x9e37_79b9_7f4a_7c15) >> 32) & (places.count &- 1)
    }

    /// The place of a number, or the free one where it would stand.
    private func find(_ number: UInt64) -> Int {
        var place = home(number)
        while places[place].number != 0, places[place].number != number { place = (place &+ 1) & (places.count &- 1) }
        return place
    }

    /// Frees a place, and moves up what would not be found any more.
    private mutating func close(gap start: Int) {
        let mask = places.count &- 1
        var gap = start
        var next = (gap &+ 1) & mask
        while places[next].number != 0 {
            // Whether the gap lies between where it begins to be looked for and where it stands, round the end.
            let distance = (next &- home(places[next].number)) & mask
            if distance >= (next &- gap) & mask {
                places.swapAt(gap, next)
                gap = next
            }
            next = (next &+ 1) & mask
        }
        places[gap] = Place()
    }

    private mutating func grow() {
        let old = places
        places = Array(repeating: Place(), count: max(16, old.count * 2))
        for place in old where place.number != 0 { places[find(place.number)] = place }
    }
}
