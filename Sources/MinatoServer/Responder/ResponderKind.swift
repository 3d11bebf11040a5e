/// How the responders of one type are called and let go of.
///
/// In place of `any StreamResponder`: these functions are compiled in the module that calls `serve(responder:)`, where the
/// type is known. So a call looks nothing up, and what the responder does stands in the function itself.
@usableFromInline
@safe
final class ResponderKind: Sendable {
    @usableFromInline
    typealias Respond =
        @Sendable (
            _ responder: UnsafeMutableRawPointer, _ input: Span<UInt8>, _ output: inout ResponderOutput
        ) throws -> ResponderVerdict
    @usableFromInline
    typealias End =
        @Sendable (
            _ responder: UnsafeMutableRawPointer, _ rest: Span<UInt8>, _ output: inout ResponderOutput
        ) throws -> Void
    @usableFromInline
    typealias Destroy = @Sendable (_ responder: UnsafeMutableRawPointer) -> Void

    let size: Int
    let alignment: Int
    let respond: Respond
    let end: End
    let destroy: Destroy

    @usableFromInline
    init(size: Int, alignment: Int, respond: @escaping Respond, end: @escaping End, destroy: @escaping Destroy) {
        self.size = size
        self.alignment = alignment
        unsafe self.respond = unsafe respond
        unsafe self.end = unsafe end
        unsafe self.destroy = unsafe destroy
    }

    @inlinable
    convenience init<Responder: StreamResponder>(_ type: Responder.Type) {
        unsafe self.init(
            size: MemoryLayout<Responder>.size, alignment: MemoryLayout<Responder>.alignment,
            respond: { (responder, input, output) in
                unsafe try responder.assumingMemoryBound(to: Responder.self).pointee
                    .respond(to: input, output: &output)
            },
            end: { (responder, rest, output) in
                unsafe try responder.assumingMemoryBound(to: Responder.self).pointee.end(rest: rest, output: &output)
            },
            destroy: { responder in
                unsafe responder.assumingMemoryBound(to: Responder.self).deinitialize(count: 1)
            })
    }
}
