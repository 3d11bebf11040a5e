// ReadBuffer, driven by any bytes, beside an array that is searched anew each time.
import MinatoSocket

/// Takes one input from libFuzzer.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    var input = UnsafeBufferPointer(start: data, count: count)[...]
    var buffer = ReadBuffer()
    var model: [UInt8] = []
    while let step = input.popFirst(), let size = input.popFirst() {
        let size = Int(size)
        switch step % 5 {
        case 0, 1:
            let piece = Array(input.prefix(size))
            input = input.dropFirst(size)
            buffer.append(piece)
            model += piece
        case 2:
            let taken = buffer.take(atMost: size)
            precondition(taken == Array(model.prefix(size)))
            model.removeFirst(taken.count)
        case 3:
            let taken = buffer.take(exactly: size)
            precondition(taken == (size > model.count ? nil : Array(model.prefix(size))))
            model.removeFirst(taken?.count ?? 0)
        default:
            let delimiter = Array(input.prefix(Int(step) / 5 % 3 + 1))
            check(&buffer, &model, through: delimiter, limit: size)
        }
        precondition(buffer.count == model.count && buffer.bytes == model)
    }
    return 0
}

private func check(_ buffer: inout ReadBuffer, _ model: inout [UInt8], through delimiter: [UInt8], limit: Int) {
    let place = delimiter.isEmpty ? nil : end(of: delimiter, in: model.prefix(limit))
    do throws(SocketError) {
        let taken = try buffer.take(through: delimiter, limit: limit)
        precondition(taken == place.map { Array(model.prefix($0)) })
        model.removeFirst(taken?.count ?? 0)
    } catch {
        precondition(delimiter.isEmpty || place == nil && model.count >= limit)
    }
}

/// Where the first delimiter ends.
private func end(of delimiter: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
    guard bytes.count >= delimiter.count else { return nil }
    for place in 0...(bytes.count - delimiter.count) where bytes[place..<place + delimiter.count] == delimiter[...] {
        return place + delimiter.count
    }
    return nil
}
