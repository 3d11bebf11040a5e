/// A responder of some type, in memory of its own.
@safe
struct AnyStreamResponder: ~Copyable {
    let kind: ResponderKind
    let place: UnsafeMutableRawPointer

    /// - Parameter make: puts a responder of this kind into memory.
    init(_ kind: ResponderKind, _ make: (_ place: UnsafeMutableRawPointer) throws -> Void) throws {
        // One of no size has an address of its own, too: loops may use theirs at the same time.
        let place = UnsafeMutableRawPointer.allocate(byteCount: max(kind.size, 1), alignment: kind.alignment)
        do {
            unsafe try make(place)
        } catch {
            unsafe place.deallocate()
            throw error
        }
        self.kind = kind
        unsafe self.place = unsafe place
    }

    deinit {
        unsafe kind.destroy(place)
        unsafe place.deallocate()
    }

    @inline(__always)
    mutating func respond(to input: Span<UInt8>, output: inout ResponderOutput) throws -> ResponderVerdict {
        unsafe try kind.respond(place, input, &output)
    }

    mutating func end(rest: Span<UInt8>, output: inout ResponderOutput) throws {
        unsafe try kind.end(place, rest, &output)
    }
}
