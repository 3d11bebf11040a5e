/// Does work that blocks or computes for long on a thread of a pool, so that the event loop of the task that asks is free
/// meanwhile.
///
///     try await server.serve { connection in
///         let name = try await connection.readLine(limit: 256)
///         let record = try await offload { try database.find(name) }      // blocks; the loop goes on with others
///         try await connection.write(record)
///     }
///
/// The task waits, no thread of the caller's does. The pool is one for the whole process and has as many threads as there are
/// processors and 4 more, at most 32, each with a stack of 512 KiB. They are started when they are needed and end when they
/// have had nothing to do for 10 s. When all are busy, work waits, in the order in which it came, without a limit on how much
/// of it: the limit is ``ServerLimits/maxConnections``. Work that waits for other work of the pool can wait for ever.
///
/// Where not even one thread can be started the work is done by the caller.
///
/// **Cancellation** does not end it. Work cannot be interrupted, so the task waits for its end as if nothing had happened, and
/// gets its result; and so does a server that was shut down. Work for a task that was cancelled before is done as well: look
/// at `Task.isCancelled` first where that matters. What takes very long should get a time limit of its own.
///
/// - Parameter work: runs once, on another thread and outside of any task: task-local values are not there.
/// - Returns: what it returned.
/// - Throws: what it threw, with its type, and nothing else.
///
/// Python: `loop.run_in_executor`, `asyncio.to_thread`.
public nonisolated(nonsending) func offload<Result: Sendable, Failure: Error>(
    _ work: @escaping @Sendable () throws(Failure) -> Result
) async throws(Failure) -> Result {
    let result = await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<_, Never>) in
        OffloadPool.shared.perform { unsafe continuation.resume(returning: Outcome(catching: work)) }
    }
    return try result.get()
}

/// As the standard library's `Result`, whose name the generic parameter takes.
private typealias Outcome = Result
