/// A value behind one reference, for one that is copied often and has many parts.
///
/// A struct that has one is a value all the same: what it changes, nobody else has.
@safe
struct Box<Value: Sendable>: @unchecked Sendable {
    private final class Storage {
        /// Changed only while there is no other reference, so that no check is needed.
        @exclusivity(unchecked) var value: Value
        init(_ value: Value) { unsafe self.value = value }
    }

    private var storage: Storage

    init(_ value: Value) { storage = Storage(value) }

    var value: Value { unsafe storage.value }

    /// Whether another one is a copy of this one, so that both have the same value.
    func isCopy(of other: Box) -> Bool { storage === other.storage }

    /// Changes the value, in place where nobody else has it.
    mutating func change<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if !isKnownUniquelyReferenced(&storage) { storage = Storage(value) }
        return try unsafe body(&storage.value)
    }
}
