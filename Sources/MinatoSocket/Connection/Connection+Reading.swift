internal import CMinato
internal import Glibc

extension Connection {
    /// Reads what is there, and waits for it when nothing is.
    public nonisolated(nonsending) func read(
        atMost count: Int, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> [UInt8] {
        guard count > 0 else { return [] }
        if !input.isEmpty { return input.take(atMost: count) }  // FIXME: needs the direction
        let size = min(count, LoopCore.scratchSize)
        var bytes: [UInt8] = []
        let result = try await channel.perform(.reading, timeout, deadline, readTimeout) { descriptor in
            channel.receive(descriptor, atMost: size, into: &bytes)
        }
        channel.finish(.reading, isReady: result == size || channel.current.hasEnded)
        return bytes
    }

    /// Reads what is there into memory of the caller's, and waits for it when nothing is.
    public nonisolated(nonsending) func read(
        into buffer: inout MutableSpan<UInt8>, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> Int {
        let result = try await channel.perform(.reading, timeout, deadline, readTimeout) { descriptor in
            unsafe buffer.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return 0 }
                return unsafe minato_socket_receive_once(descriptor, base, bytes.count)
            }
        }
        channel.finish(.reading, isReady: result == buffer.count || channel.current.hasEnded)
        return Int(result)
    }
}

extension Channel {
    /// One receive, into the loop's memory if possible, so that the array is no larger than what came.
    func receive(_ descriptor: Int32, atMost size: Int, into bytes: inout [UInt8]) -> Int64 {
        if loop.core.isCurrent {
            let memory = unsafe loop.core.scratchMemory
            let result = unsafe minato_socket_receive_once(descriptor, memory, size)
            if result > 0 { bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: memory, count: Int(result))) }
            return result
        }
        var result: Int64 = 0
        bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            result = unsafe minato_socket_receive_once(descriptor, base, size)
            count = max(0, Int(result))
        }
        return result
    }
}
