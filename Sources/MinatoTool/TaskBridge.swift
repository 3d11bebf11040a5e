import Minato
import MinatoSocket

/// Asynchronous work for a command whose main thread waits for signals or for the end of the work.
enum TaskBridge {
    /// Runs a task and blocks the calling thread until it has ended.
    static func run<Failure: Error>(_ work: @escaping @Sendable () async throws(Failure) -> Void) throws(Failure) {
        let outcome = Guarded<Result<Void, Failure>?>(nil)
        Task {
            let result: Result<Void, Failure>
            do throws(Failure) {
                try await work()
                result = .success(())
            } catch {
                result = .failure(error)
            }
            outcome.withLock { $0 = result }
            outcome.wakeAll()
        }
        try outcome.wait { $0 }?.get()
    }
}
