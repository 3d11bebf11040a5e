package import CMinato

// The address as the C layer has it, for the other modules of this package.

extension SocketAddress {
    /// An address that a C function has written.
    package init(_ address: minato_address) { self.init(storage: address) }

    /// For a C function that takes an address.
    package var address: minato_address { storage }
}
