internal import CMinato
internal import Glibc
internal import Synchronization

extension Connection {
    /// Writes part of a file without copying it through the program, and waits while the kernel has no room.
    ///
    /// The file's own position is neither used nor moved. Stops at the end of the file without an error. The loop waits while
    /// the kernel reads the file from the disk: for files that are not in memory, on a slow disk, that can be long.
    ///
    /// - Parameters:
    ///   - file: the descriptor of an open file, which stays the caller's; a pipe is refused (ESPIPE).
    ///   - offset: where in the file to begin, in bytes. Default: 0.
    ///   - count: how many bytes, nil (the default) for all up to the end of the file.
    ///   - timeout: as for ``write(_:timeout:deadline:)-([UInt8],_,_)``, for the whole.
    ///   - deadline: as for ``write(_:timeout:deadline:)-([UInt8],_,_)``.
    /// - Returns: how many bytes were sent.
    /// - Throws: as ``write(_:timeout:deadline:)-([UInt8],_,_)``; `.invalidArgument` for a negative offset or count; what
    ///   reading the file fails with.
    ///
    /// C: `minato_socket_send_file`. Python: `loop.sendfile`, `sendfile`. See sendfile(2).
    @discardableResult
    public nonisolated(nonsending) func sendFile(
        _ file: Int32, offset: Int64 = 0, count: Int64? = nil, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> Int64 {
        let wanted = count ?? .max
        guard offset >= 0, wanted >= 0 else {
            throw channel.failure(.sendFile, .invalidArgument, subject: "negative offset or count")
        }
        guard wanted > 0 else { return 0 }
        do throws(SocketError) {
            return try await sendPieces(of: file, offset, wanted, timeout, deadline)
        } catch {
            throw SocketError(
                .sendFile, error.code, network: error.network, local: error.local, remote: error.remote,
                subject: error.subject)
        }
    }

    private nonisolated(nonsending) func sendPieces(
        of file: Int32, _ offset: Int64, _ wanted: Int64, _ timeout: Duration?, _ deadline: Deadline
    ) async throws(SocketError) -> Int64 {
        var isReady = try await channel.take(.writing)
        var limit: Deadline?
        var sent: Int64 = 0
        while sent < wanted {
            let end = sent + min(wanted - sent, Int64(Self.piece))
            _ = try await channel.proceed(
                .writing, isReady, &limit, timeout, deadline, standardWriteTimeout
            ) { descriptor in
                var step: UInt64 = 0
                let result = unsafe minato_socket_send_file(
                    descriptor, file, offset + sent, UInt64(end - sent), Int64(MINATO_NO_WAIT), &step)
                sent += Int64(step)
                return Int64(result)
            }
            isReady = true
            // The end of the file.
            if sent < end { break }
            if sent < wanted { try await channel.giveWay(.writing) }
        }
        channel.finish(.writing, isReady: true)
        return sent
    }
}
