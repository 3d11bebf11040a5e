internal import CMinato
internal import Glibc

/// What the blocking and the async faces share of sendmsg(2) and recvmsg(2): how pieces and ancillary data are laid out.
struct MessageCall {
    let family: Socket.Family
    let kind: Socket.Kind

    /// IOV_MAX. See sysconf(3).
    static let mostPieces = 1024
    /// As much is received by one call at most, 1 GiB: memory for it is allocated.
    static let mostBytes = 1 << 30

    typealias Buffers = UnsafeBufferPointer<minato_buffer>

    var networkName: String { Socket.networkName(family, kind) }

    // MARK: Sending

    /// The memory of ancillary data to be sent.
    ///
    /// - Throws: `.invalidArgument` and what else an item is refused with.
    func controlMemory(
        _ ancillary: [AncillaryData], isEmpty: Bool, to address: SocketAddress? = nil
    ) throws(SocketError) -> ControlMemory {
        // Ancillary data of a stream goes with a byte of it. Without one the kernel says "0 bytes sent" and drops it.
        let isDropped = isEmpty && !ancillary.isEmpty && family == .unix && kind == .stream
        var refusal: Int32 = isDropped ? -EINVAL : 0
        let memory = isDropped ? ControlMemory(capacity: 0) : ControlMemory(ancillary, failure: &refusal)
        guard refusal >= 0 else {
            throw SocketError(
                .send, .init(result: refusal), network: networkName, remote: address, subject: "ancillary data")
        }
        return memory
    }

    /// Calls `body` with the pieces pinned in memory, one by each level of the recursion.
    ///
    /// - Parameters:
    ///   - offset: how many bytes of the first piece to leave out.
    ///   - limit: how many bytes to give to it at most.
    func withBuffers(
        of pieces: ArraySlice<[UInt8]>, skipping offset: Int = 0, upTo limit: Int = .max, _ body: (Buffers) -> Int64
    ) -> Int64 {
        var buffers: [minato_buffer] = unsafe []
        unsafe buffers.reserveCapacity(pieces.count)
        return unsafe withBuffers(of: pieces, skipping: offset, upTo: limit, collected: &buffers, body)
    }

    private func withBuffers(
        of pieces: ArraySlice<[UInt8]>, skipping offset: Int, upTo limit: Int, collected: inout [minato_buffer],
        _ body: (Buffers) -> Int64
    ) -> Int64 {
        guard limit > 0, let first = pieces.first else {
            return unsafe collected.withUnsafeBufferPointer { buffers in unsafe body(buffers) }
        }
        return unsafe first.withUnsafeBytes { bytes in
            let base = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress).map { unsafe $0 + offset }
            let count = min(bytes.count - offset, limit)
            unsafe collected.append(minato_buffer(base: base, length: count))
            return unsafe withBuffers(
                of: pieces.dropFirst(), skipping: 0, upTo: limit - count, collected: &collected, body)
        }
    }

    // MARK: Receiving

    /// Checks what a caller wants to receive, and gives the sum of the sizes.
    func total(of sizes: [Int], ancillaryCapacity: Int) throws(SocketError) -> Int {
        var total = 0
        for size in sizes {
            let (sum, overflow) = total.addingReportingOverflow(size)
            guard size >= 0, !overflow, sum <= Self.mostBytes else {
                throw SocketError(.receive, .invalidArgument, network: networkName, subject: "count \(size)")
            }
            total = sum
        }
        guard ControlMemory.isPossible(capacity: ancillaryCapacity) else {
            throw SocketError(
                .receive, .invalidArgument, network: networkName, subject: "ancillary capacity \(ancillaryCapacity)")
        }
        return total
    }

    /// What is received beside the bytes.
    struct Incoming {
        var sender = SocketAddress()
        var memory: ControlMemory
        var flags: Int32 = 0

        init(ancillaryCapacity: Int) { memory = ControlMemory(capacity: ancillaryCapacity) }

        /// The message. Call it once: it makes the descriptors that came owned.
        mutating func message(_ pieces: [[UInt8]], length: Int) -> ReceivedMessage {
            let shown = Socket.Flags(rawValue: flags)
            return ReceivedMessage(
                pieces: pieces, ancillary: memory.takeItems(wasCut: shown.contains(.ancillaryTruncated)), flags: shown,
                sender: sender, length: length)
        }
    }

    /// One receive into memory for pieces of the sizes.
    func receive(
        _ descriptor: Int32, into start: UnsafeMutableRawPointer, sizes: [Int], _ incoming: inout Incoming,
        flags: Socket.Flags, deadline: Int64
    ) -> Int64 {
        // On a stream MSG_TRUNC would throw the data away and leave the memory as it was: see tcp(7).
        let flags = kind == .stream ? flags.subtracting(.truncated) : flags.union(.truncated)
        var offset = 0
        let buffers = unsafe sizes.map { size in
            defer { offset += size }
            return unsafe minato_buffer(base: start + offset, length: size)
        }
        var shown: Int32 = 0
        var sender = minato_address()
        defer {
            incoming.flags = shown
            incoming.sender = SocketAddress(storage: sender)
        }
        return unsafe incoming.memory.withControl { control in
            uninterrupted {
                unsafe minato_message_receive(
                    descriptor, buffers, buffers.count, &sender, control, flags.rawValue, &shown, deadline)
            }
        }
    }
}
