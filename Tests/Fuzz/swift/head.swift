// The lines of a response's head, as libcurl hands them over: any bytes are a head, the beginning of one, or refused.
@testable import MinatoURL

/// Takes one input from libFuzzer.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    var parser = ResponseHeadParser()
    var rest = bytes[...]
    while !rest.isEmpty {
        let end = rest.firstIndex(of: 0x0A).map { $0 + 1 } ?? rest.endIndex
        let line = Array(rest[..<end])
        rest = rest[end...]
        do throws(ResponseHeadParser.Problem) { try parser.take(line.span) } catch { return 0 }
    }
    precondition(parser.hasHead == (parser.head != nil))
    guard let head = parser.head else { return 0 }
    precondition(200...599 ~= head.status && head.informational.count <= 10)
    precondition(head.contentLength ?? 0 >= 0)
    for field in head.fields {
        precondition(!field.value.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }, "\(field)")
    }
    _ = parser.takeTrailers()
    return 0
}
