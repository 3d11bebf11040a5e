/// The timers of a loop, the next one on top: a heap of four children a node, in which each source knows its place.
///
/// Setting, moving and cancelling cost O(log n); asking for the next one costs nothing. The heap keeps its sources alive.
///
/// Public, though only this package sees it, because nothing else is inlined into another module.
@_spi(Loops)
@safe
public struct TimerHeap: ~Copyable {
    @usableFromInline
    @safe
    struct Entry {
        @usableFromInline let deadline: Int64
        let source: Unmanaged<LoopSource>
    }

    @usableFromInline var entries: UnsafeMutablePointer<Entry>
    private var capacity = 64
    private(set) var count = 0

    init() { unsafe entries = .allocate(capacity: capacity) }

    deinit {
        for place in 0..<count {
            unsafe entries[place].source._withUnsafeGuaranteedRef { unsafe $0.timerPlace = -1 }
            unsafe entries[place].source.release()
        }
        unsafe entries.deallocate()
    }

    /// When the next timer runs out; `Int64.max`, which is "no deadline", without any.
    var next: Int64 { count == 0 ? .max : unsafe entries[0].deadline }

    /// When the timer of a source runs out, nil when it has none.
    @inlinable
    public func deadline(of source: LoopSource) -> Int64? {
        unsafe source.timerPlace < 0 ? nil : unsafe entries[source.timerPlace].deadline
    }

    /// Sets the timer of a source, or moves it.
    mutating func set(_ source: LoopSource, _ deadline: Int64) {
        var place = unsafe source.timerPlace
        if place < 0 {
            if count == capacity { grow() }
            place = count
            count += 1
            let entry = unsafe Entry(deadline: deadline, source: .passRetained(source))
            rise(entry, from: place)
        } else {
            let old = unsafe entries[place]
            let entry = unsafe Entry(deadline: deadline, source: old.source)
            deadline < old.deadline ? rise(entry, from: place) : sink(entry, from: place)
        }
    }

    /// Takes the timer of a source away, if it has one.
    mutating func cancel(_ source: LoopSource) {
        guard unsafe source.timerPlace >= 0 else { return }
        unsafe remove(at: source.timerPlace).release()
    }

    /// Takes out the next source whose time is over.
    mutating func removeExpired(_ now: Int64) -> LoopSource? {
        guard count > 0, unsafe entries[0].deadline <= now else { return nil }
        return unsafe remove(at: 0).takeRetainedValue()
    }

    private mutating func remove(at place: Int) -> Unmanaged<LoopSource> {
        let removed = unsafe entries[place].source
        unsafe removed._withUnsafeGuaranteedRef { unsafe $0.timerPlace = -1 }
        count -= 1
        let last = unsafe entries[count]
        if place < count {
            if place > 0, unsafe last.deadline < entries[(place - 1) / 4].deadline {
                rise(last, from: place)
            } else {
                sink(last, from: place)
            }
        }
        return unsafe removed
    }

    private mutating func put(_ entry: Entry, at place: Int) {
        unsafe (entries + place).initialize(to: entry)
        unsafe entry.source._withUnsafeGuaranteedRef { unsafe $0.timerPlace = place }
    }

    private mutating func rise(_ entry: Entry, from start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 4
            guard unsafe entry.deadline < entries[parent].deadline else { break }
            unsafe put(entries[parent], at: place)
            place = parent
        }
        put(entry, at: place)
    }

    private mutating func sink(_ entry: Entry, from start: Int) {
        var place = start
        while true {
            let first = place * 4 + 1
            guard first < count else { break }
            var least = first
            for child in first..<min(first + 4, count)
            where unsafe entries[child].deadline < entries[least].deadline { least = child }
            guard unsafe entries[least].deadline < entry.deadline else { break }
            unsafe put(entries[least], at: place)
            place = least
        }
        put(entry, at: place)
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
        unsafe larger.moveInitialize(from: entries, count: count)
        unsafe entries.deallocate()
        unsafe entries = larger
        capacity *= 2
    }
}
