internal import CMinato
internal import Glibc

extension Connection {
    /// Writes all bytes.
    public nonisolated(nonsending) func write(
        _ bytes: [UInt8], timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) {
        try await write(bytes.span, timeout: timeout, deadline: deadline)
    }

    /// Writes all bytes.
    public nonisolated(nonsending) func write(
        _ bytes: borrowing Span<UInt8>, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) {
        var sent = 0
        let size = bytes.count
        _ = try await channel.perform(.writing, timeout, deadline, writeTimeout) { descriptor in
            unsafe bytes.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress else { return 0 }
                let result = unsafe minato_socket_send_once(descriptor, base + sent, size - sent)
                guard result >= 0 else { return result }
                sent += Int(result)
                // The kernel's memory is full: it says when there is room again, and says at once when the peer has gone.
                return sent == size ? 0 : -Int64(channel.current.hasEnded ? EINTR : EAGAIN)
            }
        }
        channel.finish(.writing, isReady: true)
    }
}
