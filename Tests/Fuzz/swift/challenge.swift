// Challenges of any bytes: each has its scheme or says what is wrong, and none is answered in a field with a control in it.
@testable import MinatoURL

/// Takes one input from libFuzzer.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    for challenge in Challenge.parse(bytes) {
        precondition(!challenge.scheme.isEmpty || challenge.problem != nil)
        var names: Set<String> = []
        for parameter in challenge.parameters where challenge.problem == nil {
            precondition(names.insert(parameter.name).inserted)
        }
    }
    return 0
}
