internal import CMinato
internal import Glibc

/// The memory in which ancillary data goes to the kernel and comes back.
struct ControlMemory {
    /// In words, because it has to be aligned to 8 bytes.
    private var words: [UInt64]
    /// In bytes, and exact: the kernel fills what is there, and with it a descriptor more than was asked for.
    private let capacity: Int
    private var length = 0

    /// Whether the kernel takes so much: an int counts it.
    static func isPossible(capacity: Int) -> Bool { 0...Int(Int32.max) ~= capacity }

    /// Memory to receive into.
    init(capacity: Int) {
        self.capacity = capacity
        words = [UInt64](repeating: 0, count: (capacity + 7) / 8)
    }

    /// Memory with items in it, or the result of the item that the kernel's form has no place for.
    init(_ items: [AncillaryData], failure: inout Int32) {
        var space = 0
        for item in items {
            let (sum, overflow) = space.addingReportingOverflow(AncillaryData.space(item.largestPayload))
            space = overflow ? .max : sum
        }
        let isPossible = Self.isPossible(capacity: space)
        self.init(capacity: isPossible ? space : 0)
        failure = isPossible ? 0 : -EINVAL
        if !isPossible || items.isEmpty { return }
        failure = unsafe withControl { control in
            for item in items {
                let result = unsafe item.append(to: control)
                if result < 0 { return result }
            }
            return 0
        }
    }

    /// Lends the memory to a C function; nil when there is none.
    mutating func withControl<Result>(_ body: (UnsafeMutablePointer<minato_control>) -> Result) -> Result {
        let capacity = capacity
        var length = length
        defer { self.length = length }
        return unsafe words.withUnsafeMutableBytes { bytes in
            var control = unsafe minato_control(bytes: bytes.baseAddress, capacity: capacity, length: length)
            defer { length = unsafe control.length }
            return unsafe body(&control)
        }
    }

    /// The items that were received. Call it once: it makes the descriptors among them owned.
    ///
    /// `wasCut` is MSG_CTRUNC. The kernel shortens the item that does not fit and does not mark it, so that one which
    /// reaches the end of the memory may be it.
    mutating func takeItems(wasCut: Bool) -> [AncillaryData] {
        guard length > 0 else { return [] }
        return unsafe withControl { control in
            var items: [AncillaryData] = []
            var cursor = 0
            var item = unsafe minato_control_item()
            while unsafe minato_control_next(control, &cursor, &item) == 1 {
                var mayBeCut = unsafe item.truncated != 0
                if wasCut, let data = unsafe item.data, let start = unsafe control.pointee.bytes {
                    let end = unsafe data - UnsafeRawPointer(start) + item.length
                    mayBeCut = unsafe mayBeCut || end == control.pointee.capacity
                }
                unsafe items.append(AncillaryData(receiving: item, mayBeCut: mayBeCut))
            }
            return items
        }
    }
}

extension AncillaryData {
    /// No less than the bytes of the payload.
    fileprivate var largestPayload: Int {
        switch content {
        case .descriptors(let descriptors): descriptors.count * MemoryLayout<Int32>.size
        case .raw(_, _, let bytes): bytes.count
        case .receivedDescriptors: 0
        // The kernel's structures: 12, 20 and 2 bytes.
        case .credentials, .packetInfo, .segmentSize: 32
        }
    }

    fileprivate func append(to control: UnsafeMutablePointer<minato_control>) -> Int32 {
        switch content {
        case .descriptors(let descriptors):
            return unsafe minato_control_append_descriptors(control, descriptors, descriptors.count)
        case .receivedDescriptors:
            // Theirs to take and pass on as numbers: sending does not take them.
            return -EINVAL
        case .credentials(let credentials):
            var value = minato_credentials(
                process: credentials.process, user: credentials.user, group: credentials.group)
            return unsafe minato_control_append_credentials(control, &value)
        case .packetInfo(let info):
            var value = minato_packet_info(address: info.address.storage, interface_index: info.interfaceIndex)
            return unsafe minato_control_append_packet_info(control, &value)
        case .segmentSize(let size):
            return unsafe minato_control_append_segment_size(control, size)
        case .raw(let level, let type, let bytes):
            return unsafe minato_control_append(control, level, type, bytes, bytes.count)
        }
    }

    /// Copies an item out of the memory it was received in.
    fileprivate init(receiving item: minato_control_item, mayBeCut: Bool) {
        var item = unsafe item
        var credentials = minato_credentials()
        var info = minato_packet_info()
        var descriptors = unsafe [Int32](repeating: -1, count: item.length / MemoryLayout<Int32>.size)
        if unsafe minato_control_descriptors(&item, &descriptors, descriptors.count) >= 0 {
            self.init(.receivedDescriptors(descriptors.map(ReceivedDescriptor.init)), isTruncated: mayBeCut)
        } else if unsafe minato_control_credentials(&item, &credentials) >= 0 {
            self.init(.credentials(ProcessCredentials(credentials)))
        } else if unsafe minato_control_packet_info(&item, &info) >= 0 {
            let address = SocketAddress(storage: info.address)
            self.init(.packetInfo(PacketInfo(address: address, interfaceIndex: info.interface_index)))
        } else {
            let bytes = unsafe Array(UnsafeRawBufferPointer(start: item.data, count: item.length))
            unsafe self.init(.raw(level: item.level, type: item.type, bytes: bytes), isTruncated: mayBeCut)
        }
    }
}
