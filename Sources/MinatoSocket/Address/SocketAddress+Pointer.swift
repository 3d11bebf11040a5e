internal import CMinato

extension SocketAddress {
    /// For a C function that takes an address. Not the one of its own module: what is generic is specialised in one module.
    func withPointer<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafePointer<minato_address>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe withUnsafePointer(to: storage) { (pointer) throws(Failure) in unsafe try body(pointer) }
    }
}
