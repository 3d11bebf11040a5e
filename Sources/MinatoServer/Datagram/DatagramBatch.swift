internal import CMinato
internal import Glibc
internal import MinatoSocket

/// The memory of the datagrams that one system call takes, and of what comes beside each.
///
/// The places of the last receive are valid until the next one.
@safe
struct DatagramBatch: ~Copyable {
    /// How much memory the places may have altogether, so that large datagrams have fewer of them.
    private static let mostMemory = 8 << 20

    /// The most datagrams of one receive.
    let capacity: Int
    /// How many bytes of each are kept.
    private let size: Int
    private let stride: Int
    private let controlSize: Int
    private let entries: UnsafeMutablePointer<minato_datagram>
    private let bytes: UnsafeMutableRawPointer
    private let controls: UnsafeMutableRawPointer

    /// How many datagrams the last receive took.
    private(set) var count = 0
    /// How many of its places have been made replies of.
    private(set) var replies = 0

    init(size: Int, controlSize: Int) {
        self.size = size
        self.controlSize = (controlSize + 7) & ~7
        // Not a power of two: else the beginnings would all fight for the same few lines of the cache.
        stride = (size + 63) & ~63 + 64
        capacity = max(1, min(Int(MINATO_BATCH_MAX), Self.mostMemory / stride))
        unsafe entries = .allocate(capacity: capacity)
        unsafe entries.initialize(repeating: minato_datagram(), count: capacity)
        // Touched, and so there, only as far as datagrams fill it.
        unsafe bytes = .allocate(byteCount: capacity * stride, alignment: 64)
        unsafe controls = .allocate(byteCount: max(8, capacity * self.controlSize), alignment: 8)
        for place in 0..<capacity { restore(place) }
    }

    deinit {
        unsafe entries.deallocate()
        unsafe bytes.deallocate()
        unsafe controls.deallocate()
    }

    private func start(_ place: Int) -> UnsafeMutableRawPointer { unsafe bytes + place &* stride }

    /// Makes a place ready to receive.
    private func restore(_ place: Int) {
        unsafe entries[place].buffer.base = start(place)
        unsafe entries[place].buffer.length = size
        guard controlSize > 0 else { return }
        unsafe entries[place].control = minato_control(
            bytes: controls + place &* controlSize, capacity: controlSize, length: 0)
    }

    // MARK: - Receiving

    /// Takes the datagrams that are there, at most so many: how many they were, or `-errno`.
    mutating func receive(_ descriptor: Int32, atMost wanted: Int) -> Int32 {
        for place in 0..<max(count, replies) { restore(place) }
        count = 0
        replies = 0
        var result: Int32
        repeat {
            result = unsafe minato_message_receive_batch(
                descriptor, entries, min(wanted, capacity), 0, Int64(MINATO_NO_WAIT))
        } while result == -EINTR
        count = max(0, Int(result))
        return result
    }

    /// The bytes that were kept of a datagram.
    func bytes(_ place: Int) -> UnsafeBufferPointer<UInt8> {
        let kept = unsafe min(entries[place].length, size)
        return unsafe UnsafeBufferPointer(start: start(place).assumingMemoryBound(to: UInt8.self), count: kept)
    }

    /// How many bytes were sent.
    func length(_ place: Int) -> Int { unsafe entries[place].length }

    /// Whether fewer were kept.
    func isTruncated(_ place: Int) -> Bool { unsafe entries[place].length > size }

    func sender(_ place: Int) -> SocketAddress { unsafe SocketAddress(entries[place].address) }

    /// Where it came to, if the kernel told that.
    func packetInfo(_ place: Int) -> PacketInfo? { unsafe Self.packetInfo(&entries[place].control) }

    private static func packetInfo(_ control: UnsafePointer<minato_control>) -> PacketInfo? {
        var found: PacketInfo?
        var cursor = 0
        var item = unsafe minato_control_item()
        var info = minato_packet_info()
        while unsafe minato_control_next(control, &cursor, &item) == 1 {
            guard unsafe minato_control_packet_info(&item, &info) >= 0 else { continue }
            let address = SocketAddress(info.address)
            found = PacketInfo(address: address, interfaceIndex: info.interface_index)
            // On an IPv6 socket it comes behind the mapped one, and is the one that can be sent from.
            if address.family == .ipv4 { break }
        }
        return found
    }

    // MARK: - Replying

    /// Makes a reply to a datagram, behind the others. Its bytes must stay where they are until it has been sent.
    mutating func reply(
        to place: Int, _ bytes: UnsafeRawPointer, _ count: Int, from source: PacketInfo?
    ) {
        let reply = unsafe entries + replies
        if replies != place { unsafe reply.pointee.address = entries[place].address }
        unsafe reply.pointee.buffer = minato_buffer(base: UnsafeMutableRawPointer(mutating: bytes), length: count)
        replies += 1
        guard controlSize > 0 else { return }
        unsafe reply.pointee.control.length = 0
        guard let source else { return }
        var info = minato_packet_info(address: source.address.address, interface_index: source.interfaceIndex)
        unsafe minato_control_append_packet_info(&reply.pointee.control, &info)
    }

    /// Sends replies, from one on, without waiting: how many, or `-errno`, which is the first one's.
    func send(_ descriptor: Int32, from first: Int) -> Int32 {
        unsafe minato_message_send_batch(descriptor, entries + first, replies - first, 0, Int64(MINATO_NO_WAIT))
    }

    /// Whom a reply is for.
    func receiver(ofReply reply: Int) -> SocketAddress { unsafe SocketAddress(entries[reply].address) }

    /// Its bytes.
    func bytes(ofReply reply: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: entries[reply].buffer.base, count: entries[reply].buffer.length)
    }

    /// Where it is to leave from.
    func source(ofReply reply: Int) -> PacketInfo? { packetInfo(reply) }
}
