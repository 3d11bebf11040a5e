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
        for place in 0..<capacity {
            unsafe entries[place].buffer = minato_buffer(base: start(place), length: size)
            guard self.controlSize > 0 else { continue }
            unsafe entries[place].control = minato_control(
                bytes: controls + place &* self.controlSize, capacity: self.controlSize, length: 0)
        }
    }

    deinit {
        unsafe entries.deallocate()
        unsafe bytes.deallocate()
        unsafe controls.deallocate()
    }

    private func start(_ place: Int) -> UnsafeMutableRawPointer { unsafe bytes + place &* stride }

    /// Takes the datagrams that are there, at most so many: how many they were, or `-errno`.
    mutating func receive(_ descriptor: Int32, atMost wanted: Int) -> Int32 {
        count = 0
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

    /// The sender's address, which is large.
    @inline(__always)
    func withSender<Result>(_ place: Int, _ body: (UnsafePointer<minato_address>) -> Result) -> Result {
        unsafe withUnsafePointer(to: &entries[place].address) { unsafe body($0) }
    }

    /// Copies the sender's address, once.
    @inline(__always)
    func copySender(_ place: Int, to address: inout SocketAddress) {
        unsafe withSender(place) { sender in
            unsafe withUnsafeMutableBytes(of: &address) {
                unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: sender, count: $0.count))
            }
        }
    }

    /// The sender's port, negative for an address that has none.
    @inline(__always)
    func port(_ place: Int) -> Int32 { unsafe minato_address_port(&entries[place].address) }

    /// Where it came to, if the kernel told that.
    func packetInfo(_ place: Int) -> PacketInfo? { unsafe PacketInfo.first(in: &entries[place].control) }
}

extension PacketInfo {
    /// What stands in ancillary data, if anything does.
    static func first(in control: UnsafePointer<minato_control>) -> PacketInfo? {
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
}
