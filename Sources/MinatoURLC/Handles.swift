internal import MinatoLoop

/// What the handles that C programs hold stand for.
///
/// A handle is a number that is used once, dressed as a pointer: whatever a program passes is looked up here, so that one that
/// was closed is noticed and never followed.
enum Handles {
    private struct State {
        var last: UInt = 0
        var objects: [UInt: any AnyObject & Sendable] = [:]
    }

    private static let state = Guarded(State())

    /// Gives an object a handle.
    static func add(_ object: any AnyObject & Sendable) -> OpaquePointer? {
        let number = state.withLock { state in
            // Where pointers have 32 bits the numbers come to an end: one that is free, and never 0.
            repeat { state.last &+= 1 } while state.last == 0 || state.objects[state.last] != nil
            state.objects[state.last] = object
            return state.last
        }
        return unsafe OpaquePointer(bitPattern: number)
    }

    /// The object of a handle, if it is of that kind.
    static func find<Object>(_ handle: OpaquePointer?, as kind: Object.Type) -> Object? {
        let number = UInt(bitPattern: handle)
        return state.withLock { state in state.objects[number] as? Object }
    }

    /// Takes the handle of an object of that kind away.
    static func remove<Object>(_ handle: OpaquePointer?, as kind: Object.Type) -> Object? {
        let number = UInt(bitPattern: handle)
        return state.withLock { state in
            guard let object = state.objects[number] as? Object else { return nil }
            state.objects[number] = nil
            return object
        }
    }
}
