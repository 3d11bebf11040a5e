import Glibc
public import MinatoSocket

/// A blocking body on a thread of its own, for the other end of a conversation.
public final class Background<Value: Sendable>: @unchecked Sendable {
    private let lock = Lock()
    private var result: Result<Value, any Error>?
    private var waiters: [CheckedContinuation<Void, Never>] = []

    /// Starts the body.
    public init(_ body: @escaping @Sendable () throws -> Value) throws {
        try Thread.start {
            let result = Result { try body() }
            let waiters = self.lock.withLock {
                self.result = result
                self.lock.wakeAll()
                return self.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    /// What `join` gives, for tasks, whose threads must not be blocked.
    public var value: Value {
        get async throws {
            await withCheckedContinuation { continuation in
                let isOver = lock.withLock {
                    if result == nil { waiters.append(continuation) }
                    return result != nil
                }
                if isOver { continuation.resume() }
            }
            return try join()
        }
    }

    /// Waits for the end of the body and gives what it returned or threw.
    public func join() throws -> Value {
        try lock.withLock {
            while true {
                if let result { return try result.get() }
                lock.wait()
            }
        }
    }
}

/// A socket that a test hands from one thread to another.
public final class SocketBox: @unchecked Sendable {
    private let lock = Lock()
    private var socket: Socket?

    /// Takes the socket over until it is taken out.
    public init(_ socket: consuming Socket) { self.socket = consume socket }

    /// Takes the socket out; it can be done once.
    public func take() throws -> Socket {
        let taken = lock.withLock { socket.take() }
        guard let socket = taken else { throw ChildProcess.Failure(description: "the socket was taken already") }
        return socket
    }
}

/// The code of the error that a body throws, nil when it throws none.
public func errorCode(_ body: () throws(SocketError) -> Void) -> SocketError.Code? {
    do throws(SocketError) {
        try body()
        return nil
    } catch {
        return error.code
    }
}

/// A socket that several threads borrow.
public final class SharedSocket: Sendable {
    /// To be borrowed.
    public let socket: Socket

    /// Takes the socket over.
    public init(_ socket: consuming Socket) { self.socket = socket }
}

/// Binds an address whose socket was closed a moment ago.
///
/// A child process of another test holds a copy of every descriptor until the end of its exec, close-on-exec or not, and
/// with it the address. So it is tried again while the address is in use, for ten seconds at most: far less than the
/// minute of TIME_WAIT.
public func rebinding<Result: ~Copyable>(_ body: () throws(SocketError) -> Result) throws(SocketError) -> Result {
    let deadline = Deadline.after(.seconds(10))
    while true {
        do throws(SocketError) {
            return try body()
        } catch {
            guard error.code == .addressInUse, !deadline.hasPassed else { throw error }
            sched_yield()
        }
    }
}
