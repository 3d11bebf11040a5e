internal import Glibc
internal import MinatoSocket

// What the kernel had to drop.

extension DatagramServer {
    /// SO_MEMINFO, an array of numbers of 32 bits, and SK_MEMINFO_DROPS, the place of one. See linux/sock_diag.h.
    private static let memoryInfo = SocketOption<[UInt8]>(level: SOL_SOCKET, name: 55)
    private static let dropsPlace = 8

    /// Asks the kernel, and notes what it says. Of a server that is closed the last count stays.
    func noteDrops() {
        guard let listener = state.withLock({ $0.listener }) else { return }
        // Under the lock, so that the counts are noted in their order.
        drops.withLock { drops in
            guard let bytes = try? listener.socket.option(Self.memoryInfo) else { return }
            let start = Self.dropsPlace * MemoryLayout<UInt32>.size
            guard bytes.count >= start + MemoryLayout<UInt32>.size else { return }
            let count = unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: start, as: UInt32.self) }
            drops.note(count)
        }
    }
}
