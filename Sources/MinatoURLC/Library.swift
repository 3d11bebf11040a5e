// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import CMinatoURL
internal import Glibc

// What the header declares; its documentation stands there. The compiler compares the two.

/// See `minato/url.h`.
@c @implementation
public func minato_url_version() -> Int32 { minato_version() }

/// See `minato/url.h`.
@c @implementation
public func minato_url_version_text() -> UnsafePointer<CChar> { unsafe minato_version_text() }

/// See `minato/url.h`.
@c @implementation
public func minato_url_error_name(_ code: Int32) -> UnsafePointer<CChar>? {
    let row = ErrorNumber.all.first { $0.number == code.magnitude }
    return unsafe (row?.name.utf8Start).map { unsafe UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }
}

/// Runs what a function does, with the cancellation of the calling thread (pthread_setcancelstate(3)) put off until it has ended.
///
/// Cancelled in the midst, the thread would end with what it has: the locks of a transfer, descriptors that nobody can close.
/// All that the body holds has to be let go of in it.
func uncancelled<Result>(_ body: () -> Result) -> Result {
    var state: Int32 = 0
    unsafe pthread_setcancelstate(Int32(PTHREAD_CANCEL_DISABLE), &state)
    defer { pthread_setcancelstate(state, nil) }
    return body()
}

/// Runs what a function does with an object, and returns the number of its failure.
///
/// - Parameter noting: Whether the line about it stays with a URL. Not for questions: those about a response that did not come
///   would write over why it did not.
func perform<Object>(
    _ handle: OpaquePointer?, as kind: Object.Type, noting: Bool = true, _ body: (Object) throws(Failure) -> Int64
) -> Int64 {
    uncancelled {
        guard let object = unsafe Handles.find(handle, as: kind) else { return Failure(.badHandle, "").result }
        do throws(Failure) {
            return try body(object)
        } catch {
            if noting { (object as? URLHandle)?.note(error) }
            return error.result
        }
    }
}

/// The same for functions that return 0 or a small number.
func perform32<Object>(
    _ handle: OpaquePointer?, as kind: Object.Type, noting: Bool = true, _ body: (Object) throws(Failure) -> Int
) -> Int32 {
    let result = unsafe perform(handle, as: kind, noting: noting) { (object) throws(Failure) in
        Int64(try body(object))
    }
    return Int32(truncatingIfNeeded: result)
}

/// A duration or a size from C: nil for no limit.
func limit(_ number: Int64) throws(Failure) -> Int64? {
    guard number >= 0 || number == MINATO_URL_NO_LIMIT else { throw Failure(.badArgument, "a negative number") }
    return number < 0 ? nil : number
}
