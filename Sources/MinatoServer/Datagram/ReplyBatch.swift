internal import CMinato
internal import Glibc
internal import MinatoSocket

/// The replies that leave with the next system call, in their order, in memory that is used again.
///
/// Several short ones in a row to one receiver are one message to the kernel, which sends it as the datagrams that it consists
/// of. That costs a third of sending each. All pieces are as long as the first, but for the last, which may be shorter. See
/// udp(7), UDP_SEGMENT.
@safe
struct ReplyBatch: ~Copyable {
    /// As many as one system call takes.
    static let capacity = Int(MINATO_BATCH_MAX)
    /// The longest one that is copied, and so may be part of a message: every network takes it whole. See RFC 8200, section 5.
    static let longestCopied = 1232

    /// A message: what the kernel is given, and of which pieces it consists.
    private struct Pieces {
        var size = 0
        var count = 1
        /// Whether another piece may follow.
        var isOpen = false
    }

    private let entries: UnsafeMutablePointer<minato_datagram>
    private let pieces: UnsafeMutablePointer<Pieces>
    private let bytes: UnsafeMutableRawPointer
    private let controls: UnsafeMutableRawPointer
    private let controlSize: Int
    /// Whether replies may have to leave from a certain address.
    private let hasSources: Bool
    /// Whether messages of several pieces are made.
    private(set) var joins: Bool
    /// So many of them that are refused, with none sent between, are not for want of one receiver.
    static let refusalsInARow = 8
    /// For so many batches every reply is a message of its own then.
    static let batchesApart = 1024
    private var refusals = 0
    private var apart = 0

    /// How many messages there are.
    private(set) var count = 0
    /// How many replies.
    private(set) var replies = 0
    private var used = 0

    /// - Parameters:
    ///   - joins: whether messages of several pieces are made.
    ///   - hasSources: whether replies may have to leave from a certain address.
    init(joins: Bool, hasSources: Bool) {
        self.joins = joins
        self.hasSources = hasSources
        // For struct in_pktinfo or struct in6_pktinfo, and for the size of the pieces.
        controlSize =
            (hasSources ? AncillaryData.space(20) : 0) + AncillaryData.space(MemoryLayout<UInt16>.size)
        unsafe entries = .allocate(capacity: Self.capacity)
        unsafe entries.initialize(repeating: minato_datagram(), count: Self.capacity)
        unsafe pieces = .allocate(capacity: Self.capacity)
        unsafe pieces.initialize(repeating: Pieces(), count: Self.capacity)
        unsafe bytes = .allocate(byteCount: Self.capacity * Self.longestCopied, alignment: 64)
        unsafe controls = .allocate(byteCount: Self.capacity * controlSize, alignment: 8)
        for entry in 0..<Self.capacity {
            unsafe entries[entry].control = minato_control(
                bytes: controls + entry * controlSize, capacity: controlSize, length: 0)
        }
    }

    deinit {
        unsafe entries.deallocate()
        unsafe pieces.deallocate()
        unsafe bytes.deallocate()
        unsafe controls.deallocate()
    }

    var isFull: Bool { replies == Self.capacity }

    // MARK: - Making

    /// Appends a reply whose bytes stay where they are until it has been sent.
    mutating func append(
        referringTo start: UnsafeRawPointer, _ length: Int, to receiver: UnsafePointer<minato_address>,
        from source: @autoclosure () -> PacketInfo?
    ) {
        unsafe begin(start, length, receiver, hasSources ? source() : nil)
        unsafe pieces[count - 1].isOpen = false
    }

    /// Appends a reply of a copy of some bytes, no more than `longestCopied`.
    @inline(__always)
    mutating func append(
        copying start: UnsafeRawPointer?, _ length: Int, to receiver: UnsafePointer<minato_address>,
        from source: @autoclosure () -> PacketInfo?
    ) {
        let copy = unsafe bytes + used
        if let start = unsafe start { unsafe copy.copyMemory(from: start, byteCount: length) }
        used &+= length
        let source = hasSources ? source() : nil
        let isJoined = unsafe count > 0 && pieces[count &- 1].isOpen && length > 0 && isLast(receiver, source, length)
        if isJoined { return join(length) }
        unsafe begin(copy, length, receiver, source)
    }

    private mutating func begin(
        _ start: UnsafeRawPointer, _ length: Int, _ receiver: UnsafePointer<minato_address>, _ source: PacketInfo?
    ) {
        let entry = unsafe entries + count
        unsafe entry.pointee.buffer = minato_buffer(base: UnsafeMutableRawPointer(mutating: start), length: length)
        unsafe entry.pointee.address = receiver.pointee
        unsafe entry.pointee.control.length = 0
        if let source {
            var info = minato_packet_info(address: source.address.address, interface_index: source.interfaceIndex)
            unsafe minato_control_append_packet_info(&entry.pointee.control, &info)
        }
        unsafe pieces[count] = Pieces(size: length, isOpen: joins && length > 0)
        count &+= 1
        replies &+= 1
    }

    /// Whether it may be a piece of the last message.
    private func isLast(_ receiver: UnsafePointer<minato_address>, _ source: PacketInfo?, _ length: Int) -> Bool {
        guard unsafe length <= pieces[count &- 1].size else { return false }
        let isSame = unsafe withUnsafePointer(to: &entries[count &- 1].address) {
            unsafe memcmp($0, receiver, MemoryLayout<minato_address>.size) == 0
        }
        return isSame && (!hasSources || self.source(count &- 1) == source)
    }

    private mutating func join(_ length: Int) {
        let last = count &- 1
        if unsafe pieces[last].count == 1 {
            // There is room for it.
            unsafe minato_control_append_segment_size(&entries[last].control, UInt16(pieces[last].size))
        }
        unsafe entries[last].buffer.length += length
        unsafe pieces[last].count &+= 1
        unsafe pieces[last].isOpen =
            length == pieces[last].size && entries[last].buffer.length &+ length <= Self.longestMessage
        replies &+= 1
    }

    /// Of an IPv4 datagram of the largest size, without the headers.
    private static let longestMessage = 65_507

    /// The way to the receiver of a message has refused it for its pieces, as a device does that cannot part them; but a single
    /// receiver may bring that about, by its port or by a narrow network, and shall not make all others' replies dearer.
    mutating func noteRefusal() {
        refusals += 1
        if refusals >= Self.refusalsInARow { (joins, apart) = (false, Self.batchesApart) }
    }

    /// Messages, from one on, were sent.
    private mutating func noteSent(_ messages: Range<Int>) {
        for message in messages where pieces(message) > 1 { refusals = 0 }
    }

    /// They have been sent.
    mutating func removeAll() {
        (count, replies, used) = (0, 0, 0)
        guard apart > 0 else { return }
        apart -= 1
        if apart == 0 { joins = true }
    }

    // MARK: - Sending

    /// Sends messages, from one on, without waiting: how many, or `-errno`, which is the first one's.
    mutating func send(_ descriptor: Int32, from first: Int) -> Int32 {
        let result = unsafe minato_message_send_batch(
            descriptor, entries + first, count - first, 0, Int64(MINATO_NO_WAIT))
        if refusals > 0, result > 0 { noteSent(first..<(first + Int(result))) }
        return result
    }

    /// Whom a message is for.
    func receiver(_ message: Int) -> SocketAddress { unsafe SocketAddress(entries[message].address) }

    /// Of how many replies it consists.
    func pieces(_ message: Int) -> Int { unsafe pieces[message].count }

    /// The bytes of one of them.
    func bytes(_ message: Int, piece: Int) -> UnsafeRawBufferPointer {
        let (buffer, size) = unsafe (entries[message].buffer, pieces[message].size)
        let first = piece * size
        return unsafe UnsafeRawBufferPointer(
            start: buffer.base.map { unsafe UnsafeRawPointer($0) + first }, count: min(size, buffer.length - first))
    }

    /// Where it is to leave from.
    func source(_ message: Int) -> PacketInfo? {
        hasSources ? unsafe PacketInfo.first(in: &entries[message].control) : nil
    }
}
