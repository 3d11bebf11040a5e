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
    /// For `capacity` bytes.
    @usableFromInline var memory: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    /// Where the bytes are, if there are any: in `memory`, or in `input`.
    @usableFromInline var start: UnsafeRawPointer
    @usableFromInline var used = 0

    /// What a server receives into; what lies there stays as it is until the answer to it has been sent. So an answer that
    /// is a part of its question, as that of an echo or a relay, is sent from there.
    @usableFromInline let input: UnsafeMutableRawPointer
    @usableFromInline let inputEnd: UnsafeMutableRawPointer

    /// An empty one, with memory of its own: for tests.
    public init() { self.init(capacity: 1024, input: 0) }

    /// - Parameter input: how many bytes of memory there are to receive into.
    init(capacity: Int, input size: Int) {
        self.capacity = capacity
        unsafe memory = .allocate(byteCount: capacity, alignment: 16)
        unsafe start = UnsafeRawPointer(memory)
        unsafe input = .allocate(byteCount: size, alignment: 16)
        unsafe inputEnd = unsafe input + size
    }

    deinit {
        unsafe memory.deallocate()
        unsafe input.deallocate()
    }

    /// How many bytes there are, those of earlier calls that were not sent yet included.
    @inlinable public var count: Int { used }

    /// Whether there is nothing in it.
    @inlinable public var isEmpty: Bool { used == 0 }

    /// A copy of all bytes, in their order. Copies each time it is asked: for tests.
    public var bytes: [UInt8] { unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: used)) }

    /// Appends bytes: of the input, say.
    ///
    /// - Parameter bytes: none at all append nothing.
    @inlinable @inline(__always)
    public mutating func append(_ bytes: borrowing Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe append($0) }
    }

    /// Appends bytes, which are copied.
    ///
    /// - Parameter bytes: none at all append nothing.
    @inlinable
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
    @inlinable
    public mutating func append(_ byte: UInt8) {
        ensureRoom(1)
        unsafe memory.storeBytes(of: byte, toByteOffset: used, as: UInt8.self)
        used &+= 1
    }

    /// Appends bytes, any collection of them. Those of a collection without contiguous storage are copied one by one.
    ///
    /// - Parameter bytes: none at all append nothing.
    public mutating func append(contentsOf bytes: some Collection<UInt8>) {
        if bytes.withContiguousStorageIfAvailable({ unsafe append(UnsafeRawBufferPointer($0)) }) == nil {
            for byte in bytes { append(byte) }
        }
    }

    /// Makes room for so many bytes more, so that appending them allocates nothing. Never needed, sometimes quicker.
    ///
    /// - Parameter more: how many, of which the first 16 MiB count; zero and less do nothing.
    public mutating func reserve(_ more: Int) {
        if more > 0 { ensureRoom(min(more, 16 << 20)) }
    }

    // MARK: - Inside

    @inlinable @inline(__always)
    mutating func ensureRoom(_ more: Int) {
        if unsafe more > capacity &- used || start != memory { makeRoom(more) }
    }

    @inlinable @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        // None at all have no address.
        guard let base = bytes.baseAddress else { return }
        if unsafe used == 0 && base >= UnsafeRawPointer(input) && base < UnsafeRawPointer(inputEnd) {
            unsafe start = base
        } else {
            ensureRoom(bytes.count)
            unsafe (memory + used).copyMemory(from: base, byteCount: bytes.count)
        }
        used &+= bytes.count
    }

    /// Takes the bytes into its own memory, if they are not there, and makes that as large as needed.
    @usableFromInline @inline(never)
    mutating func makeRoom(_ more: Int) {
        let old = unsafe memory
        let isTooSmall = more > capacity &- used
        if isTooSmall {
            capacity = max(capacity * 2, used + more)
            unsafe memory = .allocate(byteCount: capacity, alignment: 16)
        }
        if unsafe start != UnsafeRawPointer(memory) { unsafe memory.copyMemory(from: start, byteCount: used) }
        if isTooSmall { unsafe old.deallocate() }
        unsafe start = UnsafeRawPointer(memory)
    }

    // MARK: - For the server

    /// How many bytes a server receives at once.
    static var inputSize: Int { 65_536 }

    /// For all answers of a server on one loop.
    static func serving() -> ResponderOutput { ResponderOutput(capacity: 65_536, input: inputSize) }

    /// Reads the bytes in place.
    @inline(__always)
    func withBytes<Result>(_ body: (UnsafeRawPointer, Int) -> Result) -> Result { unsafe body(start, used) }

    /// Empties it, and gives memory back that one large answer has needed.
    @inline(__always)
    mutating func removeAll(keeping most: Int = 65_536) {
        used = 0
        if capacity > most { shrink(most) }
    }

    @inline(never)
    private mutating func shrink(_ most: Int) {
        unsafe memory.deallocate()
        capacity = most
        unsafe memory = .allocate(byteCount: most, alignment: 16)
        unsafe start = UnsafeRawPointer(memory)
    }
}
