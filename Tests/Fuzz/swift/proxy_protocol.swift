// The PROXY protocol from any bytes: what is a header is one at its own length, and every beginning of it needs more.
import MinatoServer

/// Takes one input from libFuzzer.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    guard case .done(let header, let consumed)? = try? ProxyProtocol.parse(bytes.span) else { return 0 }
    precondition(0 < consumed && consumed <= count)
    for end in 0..<min(consumed, 300) {
        guard case .needMore? = try? ProxyProtocol.parse(bytes.span.extracting(..<end)) else {
            fatalError("the first \(end) of \(consumed) bytes are no beginning")
        }
    }
    guard case .done(header, consumed: consumed)? = try? ProxyProtocol.parse(bytes.span.extracting(..<consumed)) else {
        fatalError("not a header without what follows")
    }
    return 0
}
