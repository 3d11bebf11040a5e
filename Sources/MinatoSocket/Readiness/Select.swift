internal import CMinato

/// The descriptors that ``select(reading:writing:exceptional:timeout:)`` found ready, each set in the order in which it
/// was given.
public struct ReadyDescriptors: Hashable, Sendable {
    /// Reading them will not block: data, a connection to accept, the end of the stream, an error.
    public let reading: [Int32]
    /// Writing them will not block, be it because an error waits there.
    public let writing: [Int32]
    /// They have out-of-band data, or what else POLLPRI means for their kind.
    public let exceptional: [Int32]

    /// Whether none is ready: the time was over.
    public var isEmpty: Bool { reading.isEmpty && writing.isEmpty && exceptional.isEmpty }
}

/// Waits until a descriptor of one of three sets is ready.
///
///     let ready = try select(reading: [listener.descriptor, client.descriptor], timeout: .seconds(5))
///
/// Blocks until at least one is ready or the time is over, and never returns before with nothing. A signal neither ends
/// nor prolongs the wait. For many descriptors, again and again, ``Selector`` is the better tool; it stands in for Python's
/// `poll` object too, with the backend `.poll`.
///
/// - Parameters:
///   - reading: descriptors to read from. Any number of them, above 1,023 too, in any order; twice in a set is allowed.
///   - writing: descriptors to write to. A set may be empty, all three too: then it only waits.
///   - exceptional: descriptors whose out-of-band data is awaited.
///   - timeout: how long to wait at most: nil for ever, zero not at all. Less than a nanosecond counts as one.
/// - Returns: those that are ready, all empty when the time is over.
/// - Throws: `.invalidArgument` for a negative timeout, `.badDescriptor` for a descriptor that is not open. Not thrown:
///   `.timedOut`.
///
/// May be called from any thread. A descriptor that another thread closes meanwhile is not noticed.
///
/// C: `minato_select`. Python: `select.select`. See select(2).
public func select(
    reading: [Int32] = [], writing: [Int32] = [], exceptional: [Int32] = [], timeout: Duration?
) throws(SocketError) -> ReadyDescriptors {
    if let timeout, timeout < .zero {
        throw SocketError(.select, .invalidArgument, subject: "timeout \(timeout)")
    }
    let deadline = Deadline.after(timeout).nanoseconds
    let descriptors = reading + writing + exceptional
    var ready = [UInt8](repeating: 0, count: descriptors.count)
    let result = unsafe descriptors.withUnsafeBufferPointer { descriptors in
        unsafe ready.withUnsafeMutableBufferPointer { ready in
            var place = 0
            func set(_ count: Int) -> minato_select_set {
                defer { place += count }
                return unsafe minato_select_set(
                    descriptors: descriptors.baseAddress.map { unsafe $0 + place },
                    ready: ready.baseAddress.map { unsafe $0 + place }, count: count)
            }
            var readable = unsafe set(reading.count)
            var writable = unsafe set(writing.count)
            var urgent = unsafe set(exceptional.count)
            return uninterrupted { unsafe minato_select(&readable, &writable, &urgent, deadline) }
        }
    }
    guard result >= 0 else { throw SocketError(.select, .init(result: result)) }

    func chosen(_ set: [Int32], from start: Int) -> [Int32] {
        set.indices.filter { ready[start + $0] != 0 }.map { set[$0] }
    }
    return ReadyDescriptors(
        reading: chosen(reading, from: 0), writing: chosen(writing, from: reading.count),
        exceptional: chosen(exceptional, from: reading.count + writing.count))
}
