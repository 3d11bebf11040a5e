internal import MinatoSocket

/// The transport over libcurl, with its idle handles.
final class CurlTransport: BlockingTransport {
    /// More idle connections than this are not kept.
    private static let maximumIdle = 8

    /// Idle handles, the one used last at the end.
    private let idle = Guarded<[CurlHandle]>([])

    init() {}

    func perform(_ request: URLOpener.Request, timeout: Duration?) throws(OpenError) -> BlockingHop {
        guard let handle = takeHandle(for: request.location.origin) else {
            throw OpenError(.transport, .prepare, url: request.url, detail: "libcurl has no memory or descriptors left")
        }
        let transfer = CurlTransfer(request, handle: handle, transport: self)
        do throws(OpenError) {
            return BlockingHop(head: try transfer.begin(request, timeout: timeout), body: transfer)
        } catch {
            transfer.close()
            throw error
        }
    }

    /// A handle with a connection to the origin, or else a new one.
    ///
    /// It belongs to the caller alone.
    private func takeHandle(for origin: Origin) -> CurlHandle? {
        let handle = idle.withLock { idle in
            idle.lastIndex { $0.leads(to: origin) }.map { idle.remove(at: $0) }
        }
        return handle ?? CurlHandle()
    }

    /// Takes a handle back.
    ///
    /// One without a connection, and the one that was idle longest, is let go.
    func giveBack(_ handle: CurlHandle) {
        guard handle.origin != nil else { return }
        // Handles close their connection when they go: outside the lock.
        let surplus = idle.withLock { idle -> CurlHandle? in
            idle.append(handle)
            return idle.count > Self.maximumIdle ? idle.removeFirst() : nil
        }
        _ = surplus
    }
}
