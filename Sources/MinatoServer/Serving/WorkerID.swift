internal import Glibc

/// Who handles something: a thread or a task, as a number that is compared and nothing else.
struct WorkerID: Hashable, Sendable {
    let number: UInt

    /// The calling thread.
    static var thisThread: WorkerID { WorkerID(number: pthread_self()) }

    /// The calling task; outside of one, the calling thread.
    static var thisTask: WorkerID {
        unsafe withUnsafeCurrentTask { task in
            guard let task = unsafe task else { return thisThread }
            return WorkerID(number: unsafe unsafeBitCast(task, to: UInt.self))
        }
    }
}
