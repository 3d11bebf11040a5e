// Endpoint and SocketAddress from any text: what is read is written, and read again as the same.
import MinatoSocket

/// Takes one input from libFuzzer.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let text = String(decoding: UnsafeBufferPointer(start: data, count: count), as: UTF8.self)
    if let endpoint = try? Endpoint(parsing: text) {
        guard let again = try? Endpoint(parsing: endpoint.description) else {
            fatalError("cannot be read again: \(endpoint)")
        }
        precondition(again.description == endpoint.description)
    }
    if let address = try? SocketAddress(parsing: text) {
        guard let again = try? SocketAddress(parsing: address.description) else {
            fatalError("cannot be read again: \(address)")
        }
        precondition(again == address)
    }
    return 0
}
