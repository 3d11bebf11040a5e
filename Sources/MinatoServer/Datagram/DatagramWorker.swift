internal import MinatoSocket
internal import Synchronization

/// A task that handles datagrams of one loop, one after the other.
///
/// Each handler finds the task as if it were new: not cancelled, with the task-local values of the task that serves. So one that
/// was cancelled by its handler ends, and another one takes its place.
@safe
final class DatagramWorker: @unchecked Sendable {
    typealias Handler = @Sendable (_ request: AsyncDatagramRequest) async throws -> Void

    private enum Step {
        case handle, comeBack, rest, end
    }

    private let service: HandlerDatagramService
    private let hooks: DatagramServerHooks
    /// To be told from other tasks.
    let id = WorkerID.thisTask
    /// What wakes it, while it has nothing to do.
    private var resting: UnsafeContinuation<Bool, Never>?
    /// Asking the task costs more than all that is done here for a datagram.
    private let isCancelled = Atomic(false)

    // Not checked for exclusive access: the task's only.
    @exclusivity(unchecked) private var arrival: DatagramArrival
    @exclusivity(unchecked) private var hasHandled = false
    @exclusivity(unchecked) private var hasComeBack = false

    /// Makes the calling task a worker.
    init(_ service: HandlerDatagramService) {
        self.service = service
        hooks = service.server.hooks
        unsafe arrival = service.newArrival()
    }

    /// Handles datagrams until it is not needed any more.
    nonisolated(nonsending) func run(_ handle: Handler) async {
        service.enter(self)
        await withTaskCancellationHandler {
            await work(handle)
        } onCancel: {
            isCancelled.store(true, ordering: .relaxed)
        }
        service.leave(self)
    }

    private nonisolated(nonsending) func work(_ handle: Handler) async {
        while true {
            switch step() {
            case .handle:
                do {
                    try await handle(unsafe AsyncDatagramRequest(arrival))
                } catch {
                    unsafe service.server.report(error, arrival.sender)
                }
            case .comeBack: await service.comeBack()
            case .rest: if await !rest() { return }
            case .end: return
            }
        }
    }

    /// What is to be done next, after all that can be done without waiting.
    ///
    /// In a function of its own: what one that waits begins with is done again after each wait.
    @inline(never)
    private func step() -> Step {
        let isOnLoop = service.core.isCurrent
        if unsafe hasHandled {
            // An executor of the handler's own may have left the task somewhere else.
            if !isOnLoop, unsafe !hasComeBack {
                unsafe hasComeBack = true
                return .comeBack
            }
            unsafe (hasHandled, hasComeBack) = (false, false)
            service.handlerReturned(self, isOnLoop: isOnLoop)
            if isCancelled.load(ordering: .relaxed) { return .end }
        }
        guard isOnLoop else { return .end }
        while true {
            // A new one, when the last handler has kept its request.
            if unsafe !isKnownUniquelyReferenced(&arrival) { unsafe arrival = service.newArrival() }
            guard unsafe service.take(arrival) else { return .rest }
            if unsafe hooks.verify == nil || AsyncDatagramRequest(arrival).isWanted(by: hooks) { break }
            service.handlerReturned(self, isOnLoop: true)
        }
        unsafe hasHandled = true
        return .handle
    }

    /// Waits for something to do. False: nothing is expected.
    private nonisolated(nonsending) func rest() async -> Bool {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Bool, Never>) in
            unsafe resting = unsafe continuation
            if !service.rest(self) { unsafe continuation.resume(returning: false) }
        }
    }

    func wake() { unsafe resting?.resume(returning: true) }

    func dismiss() { unsafe resting?.resume(returning: false) }
}
