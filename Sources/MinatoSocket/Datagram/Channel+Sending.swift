internal import CMinato
internal import Glibc

extension Channel {
    /// Makes a call that sends until it does not have to wait, and gives the direction back.
    ///
    /// - Parameters:
    ///   - isNamed: whether the call names a Unix socket, whose full receive queue no readiness tells about.
    ///   - remote: whom errors name; nil for the connected peer.
    ///   - attempt: returns `-EAGAIN` when it would have to wait.
    nonisolated(nonsending) func send(
        isNamed: Bool, _ timeout: Duration?, _ deadline: Deadline, remote: SocketAddress?, _ attempt: (Int32) -> Int64
    ) async throws(SocketError) {
        do throws(SocketError) {
            if isNamed {
                try await sendWithPauses(timeout, deadline, attempt)
            } else {
                _ = try await perform(.writing, timeout, deadline, Listener.noTimeout, attempt)
            }
        } catch {
            guard let remote else { throw error }
            throw SocketError(.send, error.code, network: error.network, local: error.local, remote: remote)
        }
        finish(.writing, isReady: true)
    }

    /// Tries again after pauses, and after nothing else: a try that fails makes the socket report "writable" by itself, the
    /// memory of the datagram being given back.
    private nonisolated(nonsending) func sendWithPauses(
        _ timeout: Duration?, _ deadline: Deadline, _ attempt: (Int32) -> Int64
    ) async throws(SocketError) {
        _ = try await take(.writing)
        let limit = Deadline(timeout, deadline, standard: Listener.noTimeout)
        var pause = GrowingPause()
        while true {
            let result = uninterrupted { attempt(descriptor) }
            if result >= 0 { return }
            if result != -Int64(EAGAIN) { throw end(.writing, result) }
            let next = min(limit, pause.next())
            let wake = await pauseSending(until: next)
            guard wake == .timedOut, !limit.hasPassed else { throw end(.writing, wake) }
        }
    }

    /// `.timedOut`, `.cancelled` or `.closed`.
    private nonisolated(nonsending) func pauseSending(until time: Deadline) async -> Wake {
        if loop.core.hasEdges {
            while true {
                let wake = await wait(.writing, until: time)
                if wake != .ready { return wake }
            }
        }
        // poll(2) would say "writable" at once, again and again. A close is seen at the end of the pause.
        do throws(SocketError) {
            try await loop.sleep(until: time)
            return current.isClosed ? .closed : .timedOut
        } catch {
            return error.code == .cancelled ? .cancelled : .closed
        }
    }
}
