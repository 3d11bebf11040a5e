/// The jobs that a loop has to run, first in, first out, in memory that is used again and again.
///
/// Public, though only this package sees it, because nothing else is inlined into another module.
@_spi(Loops)
@safe
public struct JobRing: ~Copyable {
    @usableFromInline var slots: UnsafeMutablePointer<UnownedJob>
    /// A power of two.
    @usableFromInline var capacity: Int
    @usableFromInline var head = 0
    @usableFromInline var count = 0

    init(capacity: Int = 256) {
        self.capacity = capacity
        unsafe slots = .allocate(capacity: capacity)
    }

    deinit { unsafe slots.deallocate() }

    /// Takes a job, behind the others.
    @inlinable
    public mutating func append(_ job: UnownedJob) {
        if count == capacity { grow() }
        unsafe (slots + (head &+ count) & (capacity &- 1)).initialize(to: job)
        count &+= 1
    }

    mutating func removeFirst() -> UnownedJob? {
        guard count > 0 else { return nil }
        let job = unsafe (slots + head).move()
        head = (head &+ 1) & (capacity &- 1)
        count &-= 1
        return job
    }

    @usableFromInline mutating func grow() {
        let larger = UnsafeMutablePointer<UnownedJob>.allocate(capacity: capacity * 2)
        for place in 0..<count {
            unsafe (larger + place).initialize(to: (slots + (head &+ place) & (capacity &- 1)).move())
        }
        unsafe slots.deallocate()
        unsafe slots = larger
        head = 0
        capacity *= 2
    }
}
