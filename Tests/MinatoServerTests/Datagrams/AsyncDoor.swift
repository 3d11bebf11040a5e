import MinatoSocket

/// A door at which tasks wait until it is opened.
final class AsyncDoor: Sendable {
    private let waiting = Guarded<[CheckedContinuation<Void, Never>]?>([])

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = waiting.withLock { waiting in
                waiting?.append(continuation)
                return waiting == nil
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let all = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        for continuation in all ?? [] { continuation.resume() }
    }
}
