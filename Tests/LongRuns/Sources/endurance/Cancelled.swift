internal import MinatoSocket

/// Things that are cancelled a moment after they have begun.
enum Cancelled {
    /// What was read before the read was cancelled, nil when nothing was.
    static func read(_ connection: Connection) async throws -> [UInt8]? {
        let loop = connection.eventLoop
        return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            group.addTask(executorPreference: loop) {
                do throws(SocketError) {
                    return try await connection.read(atMost: 65_536)
                } catch {
                    if error.code == .cancelled { return nil }
                    throw error
                }
            }
            group.addTask(executorPreference: loop) {
                try? await loop.sleep(for: .milliseconds(1))
                return nil
            }
            var found: [UInt8]?
            for try await bytes in group {
                found = found ?? bytes
                group.cancelAll()
            }
            return found
        }
    }

    /// Runs a body that is cancelled after at most so long. Whatever it threw was to be expected.
    static func run(
        _ loop: EventLoop, after time: Duration, _ body: @escaping @Sendable () async throws -> Void
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) { try? await body() }
            group.addTask(executorPreference: loop) { try? await loop.sleep(for: time) }
            await group.next()
            group.cancelAll()
        }
    }
}
