/// The bytes with which a responder answers: to be appended to.
///
/// The memory is the server's and is used again for the next answer. In a test it can be made on its own:
///
///     var output = ResponderOutput()
///     var echo = Echo()
///     _ = echo.respond(to: Array("hello".utf8).span, output: &output)
///     output.bytes                                            // "hello"
///
/// Nothing here blocks or throws. It belongs to whoever calls the responder, and is not to be kept.
///
/// Python: `Transport.write`, which sends.
@safe
public struct ResponderOutput: ~Copyable {
    private var memory: UnsafeMutableRawPointer
    private var capacity: Int

    /// How many bytes there are, those of earlier calls that were not sent yet included.
    public private(set) var count = 0

    /// An empty one, with memory of its own: for tests.
    public init() { self.init(capacity: 1024) }

    init(capacity: Int) {
        self.capacity = capacity
        unsafe memory = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { unsafe memory.deallocate() }

    /// Whether there is nothing in it.
    public var isEmpty: Bool { count == 0 }

    /// A copy of all bytes, in their order. Copies each time it is asked: for tests.
    public var bytes: [UInt8] { unsafe [UInt8](UnsafeRawBufferPointer(start: memory, count: count)) }

    /// Appends bytes, which are copied: of the input, say.
    ///
    /// - Parameter bytes: none at all append nothing.
    @inline(__always)
    public mutating func append(_ bytes: borrowing Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    /// Appends bytes, which are copied.
    ///
    /// - Parameter bytes: none at all append nothing.
    public mutating func append(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    /// Appends a text in UTF-8, without an end of its own.
    ///
    /// - Parameter text: an empty one appends nothing.
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { unsafe append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends a byte.
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe memory.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Appends bytes, any collection of them. Those of a collection without contiguous storage are copied one by one.
    ///
    /// - Parameter bytes: none at all append nothing.
    public mutating func append(contentsOf bytes: some Collection<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ unsafe append(UnsafeRawBufferPointer($0)) }) == nil {
            for byte in bytes { append(byte) }
        }
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, unsafe !bytes.isEmpty else { return }
        reserve(bytes.count)
        unsafe (memory + count).copyMemory(from: base, byteCount: bytes.count)
        count &+= bytes.count
    }

    /// Makes room for so many bytes more, so that appending them allocates nothing. Never needed, sometimes quicker.
    ///
    /// - Parameter more: how many; zero and less do nothing.
    @inline(__always)
    public mutating func reserve(_ more: Int) {
        if more > capacity &- count { grow(more) }
    }

    private mutating func grow(_ more: Int) {
        capacity = max(capacity * 2, count + more)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        unsafe larger.copyMemory(from: memory, byteCount: count)
        unsafe memory.deallocate()
        unsafe memory = larger
    }

    // MARK: - For the server

    /// Reads the bytes in place.
    @inline(__always)
    func withBytes<Result>(_ body: (UnsafeRawPointer, Int) -> Result) -> Result { unsafe body(memory, count) }

    /// Empties it, and gives memory back that one large answer has needed.
    mutating func removeAll(keeping most: Int = 65_536) {
        count = 0
        guard capacity > most else { return }
        unsafe memory.deallocate()
        capacity = most
        unsafe memory = .allocate(byteCount: most, alignment: 16)
    }
}
