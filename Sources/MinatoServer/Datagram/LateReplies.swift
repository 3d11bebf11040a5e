internal import CMinato
internal import Glibc
internal import MinatoSocket

/// The replies of a responder that the kernel had no room for.
///
/// On UDP it is the server's own buffer that was full, or the system that was short of memory: nothing can be sent to anybody,
/// and the first reply that finds no room holds the others up. On a Unix socket it is one receiver's queue, and only that
/// receiver's replies wait, in their order.
struct LateReplies {
    struct Reply {
        let receiver: SocketAddress
        let bytes: [UInt8]
        let source: PacketInfo?
        /// When it is given up.
        let deadline: Int64
        /// What the server knows it by, 0 when it does not yet.
        var number: UInt64 = 0
    }

    /// What a reply that waits costs beside its bytes: so that empty ones count too.
    private static let overhead = 256

    let port: DatagramPort
    /// How many bytes may wait for receivers that do not read.
    private let limit: Int
    private var replies: [Reply] = []
    private var size = 0
    /// The pause before the next try, where no readiness is told, and its end.
    private var pause: Int64 = 0
    private var retry = Int64.max
    /// The numbers of those that have been sent or given up.
    private var settled: [UInt64] = []

    init(_ port: DatagramPort, limit: Int) {
        self.port = port
        self.limit = limit
    }

    var isEmpty: Bool { replies.isEmpty }

    /// Whether a new reply to that receiver has to wait behind others.
    func holdUp(_ receiver: SocketAddress) -> Bool { replies.contains { $0.receiver == receiver } }

    /// When something is to be done about them; `Int64.max`: when the socket is ready.
    var next: Int64 { min(retry, replies.first?.deadline ?? .max) }

    /// Takes a reply. False when too much waits already.
    mutating func append(_ bytes: UnsafeRawBufferPointer, to receiver: SocketAddress, from source: PacketInfo?) -> Bool
    {
        let cost = bytes.count + Self.overhead
        // What waits for the server's own buffer is one batch at most: nothing is received meanwhile.
        guard !port.isUnix || replies.isEmpty || size + cost <= limit else { return false }
        let deadline = port.limit < 0 ? Int64.max : minato_clock_deadline(port.limit)
        unsafe replies.append(Reply(receiver: receiver, bytes: [UInt8](bytes), source: source, deadline: deadline))
        size += cost
        if port.isUnix, retry == .max { extendPause() }
        return true
    }

    /// Has the next try wait, however ready the socket is.
    mutating func waitForMemory(until time: Int64) { retry = time }

    /// On UDP: whether it does.
    var waitsForMemory: Bool { retry != .max }

    private mutating func extendPause() {
        pause = min(max(pause * 2, 1_000_000), 50_000_000)
        retry = minato_clock_now() &+ pause
    }

    /// Tries to send them.
    ///
    /// - Parameter report: told what became of a reply that was given up.
    /// - Returns: whether memory is short.
    mutating func send(_ report: (SocketError, SocketAddress) -> Void) -> Bool {
        let now = minato_clock_now()
        guard retry == .max || retry <= now || (replies.first?.deadline ?? .max) <= now else { return false }
        var left: [Reply] = []
        var isShort = false
        for reply in replies {
            var result = -Int64(EAGAIN)
            let waits = port.isUnix ? left.contains { $0.receiver == reply.receiver } : !left.isEmpty
            if !waits {
                result = unsafe reply.bytes.withUnsafeBytes {
                    unsafe port.sendOnce($0, to: reply.receiver, from: reply.source)
                }
            }
            isShort = isShort || result == -Int64(ENOBUFS) || result == -Int64(ENOMEM)
            if result < 0, SocketError.Code(result: result).isToBeSentAgain {
                guard reply.deadline <= now else {
                    left.append(reply)
                    continue
                }
                report(port.failure(.timedOut, reply.receiver), reply.receiver)
            } else if result < 0 {
                report(port.failure(.init(result: result), reply.receiver), reply.receiver)
            }
            settle(reply)
        }
        if left.count < replies.count || left.isEmpty { pause = 0 }
        replies = left
        retry = .max
        if port.isUnix, !left.isEmpty { extendPause() }
        return isShort
    }

    private mutating func settle(_ reply: Reply) {
        size -= reply.bytes.count + Self.overhead
        if reply.number != 0 { settled.append(reply.number) }
    }

    /// Gives all of them up.
    mutating func drop() {
        for reply in replies { settle(reply) }
        replies = []
        retry = .max
        pause = 0
    }

    /// Makes known to the server what it does not know yet: replies that wait, and those that do no more.
    mutating func account(to server: DatagramServer, as endable: any Endable) {
        guard !settled.isEmpty || replies.last?.number == 0 else { return }
        var isOver = false
        server.state.withLock { state in
            for place in replies.indices where replies[place].number == 0 {
                guard let number = state.admit(.told(endable)) else {
                    isOver = true
                    break
                }
                replies[place].number = number
            }
            for number in settled { state.dismiss(number) }
        }
        if isOver {
            drop()
            server.state.withLock { state in
                for number in settled { state.dismiss(number) }
            }
        }
        settled = []
        server.state.announce()
    }
}
