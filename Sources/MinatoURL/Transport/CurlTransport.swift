internal import CMinato
internal import MinatoSocket

/// The transport over libcurl: idle handles for threads, and a multi handle on an event loop for tasks.
final class CurlTransport: Transport {
    /// More idle connections than this are not kept for threads.
    private static let maximumIdle = 8

    /// What threads have left behind, the handle used last at the end.
    private let idle = Guarded<[CurlHandle]>([])

    /// The loop that all connections of tasks belong to, and what runs there.
    private struct Home {
        var loop: EventLoop?
        var drivers: [PoolKey: CurlLoop] = [:]
    }

    private let home: Guarded<Home>
    private let configuration: URLOpener.Configuration

    /// In a forked child, connections and loop belong to the parent.
    private let forks = minato_thread_forks()

    init(_ configuration: URLOpener.Configuration = URLOpener.Configuration()) {
        self.configuration = configuration
        home = Guarded(Home(loop: configuration.loop))
    }

    deinit {
        for driver in home.withLock({ home in home.drivers.values }) { driver.retire() }
        // A child that closed the connections of its parent would say goodbye on them, too: with TLS the server believes it.
        if minato_thread_forks() != forks {
            for handle in idle.withLock({ $0 }) { unsafe _ = Unmanaged.passRetained(handle) }
        }
    }

    func perform(_ request: URLOpener.Request, _ limits: HopLimits) async throws(OpenError) -> Hop {
        let transfer = try LoopTransfer(request, limits, configuration, on: driver(for: request))
        let head = try await transfer.begin()
        return Hop(head: head, pipe: transfer.pipe, driver: transfer)
    }

    func performBlocking(_ request: URLOpener.Request, _ limits: HopLimits) throws(OpenError) -> Hop {
        guard let handle = takeHandle(for: request) else { throw Self.exhausted(request.url) }
        let driver = BlockingCurlDriver(request, limits, configuration, handle: handle, transport: self)
        let head = try driver.begin()
        return Hop(head: head, pipe: driver.transfer.pipe, driver: driver)
    }

    static func exhausted(_ url: String) -> OpenError {
        OpenError(.transport, .prepare, url: url, detail: "libcurl has no memory or descriptors left")
    }

    func driver(for request: URLOpener.Request) throws(OpenError) -> CurlLoop {
        let url = request.url
        let key = PoolKey(request)
        guard minato_thread_forks() == forks else {
            throw OpenError(.forked, .prepare, url: url, detail: "the event loop belongs to the parent process")
        }
        do throws(SocketError) {
            return try home.withLock { (home) throws(SocketError) in
                if let driver = home.drivers[key] { return driver }
                let loop = if let loop = home.loop { loop } else { try EventLoopGroup.shared.next() }
                let driver = CurlLoop(on: loop)
                home.loop = loop
                home.drivers[key] = driver
                return driver
            }
        } catch {
            throw OpenError(
                error.code == .closed ? .closed : .transport, .prepare, url: url, detail: "no event loop: \(error)",
                systemCode: error.code.rawValue)
        }
    }

    /// A handle with a connection for the request, or else a new one.
    ///
    /// It belongs to the caller alone.
    private func takeHandle(for request: URLOpener.Request) -> CurlHandle? {
        let key = PoolKey(request)
        guard minato_thread_forks() == forks else { return CurlHandle(key) }
        let handle = idle.withLock { idle in
            idle.lastIndex { $0.suits(request) }.map { idle.remove(at: $0) }
        }
        return handle ?? CurlHandle(key)
    }

    /// Takes a handle back.
    ///
    /// One without a connection, and the one that was idle longest, is let go.
    func giveBack(_ handle: CurlHandle) {
        guard handle.origin != nil, minato_thread_forks() == forks else { return }
        // Handles close their connection when they go: outside the lock.
        let surplus = idle.withLock { idle -> CurlHandle? in
            idle.append(handle)
            return idle.count > Self.maximumIdle ? idle.removeFirst() : nil
        }
        _ = surplus
    }
}
