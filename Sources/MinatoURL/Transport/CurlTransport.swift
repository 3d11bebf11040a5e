internal import CMinato
internal import MinatoLoop

/// The transport over libcurl: idle handles for threads, and a multi handle on an event loop for tasks.
final class CurlTransport: Transport {
    /// More idle connections than this are not kept for threads.
    private static let maximumIdle = 8
    /// As many multi handles are kept for tasks: a program may have a proxy, or a user of one, for each of its requests.
    static let maximumDrivers = 16

    /// What threads have left behind, the handle used last at the end.
    private let idle = Guarded<[CurlHandle]>([])

    /// The loop that all connections of tasks belong to, and what runs there.
    private struct Home {
        var loop: EventLoop?
        /// The one used last at the end: few, as most programs have one.
        var drivers: [(key: PoolKey, driver: CurlLoop)] = []

        /// The driver of a key, which is the one used last from now on.
        mutating func use(_ key: PoolKey) -> CurlLoop? {
            guard let place = drivers.lastIndex(where: { $0.key == key }) else { return nil }
            if place < drivers.endIndex - 1 { drivers.append(drivers.remove(at: place)) }
            return drivers.last?.driver
        }
    }

    private let home: Guarded<Home>
    private let configuration: URLOpener.SharedConfiguration

    /// In a forked child, connections and loop belong to the parent.
    private let forks = minato_thread_forks()

    init(_ configuration: URLOpener.Configuration = URLOpener.Configuration()) {
        self.configuration = URLOpener.SharedConfiguration(configuration)
        home = Guarded(Home(loop: configuration.loop))
    }

    deinit {
        for driver in home.withLock({ home in home.drivers.map(\.driver) }) { driver.retire() }
    }

    func perform(_ request: URLOpener.Request, _ limits: HopLimits) async throws(OpenError) -> Hop {
        if request.isForFTP {
            let transfer = ThreadTransfer(try blockingDriver(for: request, limits))
            return Hop(head: try await transfer.begin(), pipe: transfer.pipe, driver: transfer)
        }
        var transfer = try LoopTransfer(request, limits, configuration, on: driver(for: request))
        let head: URLOpener.ResponseHead
        do throws(OpenError) {
            head = try await transfer.begin()
        } catch {
            guard transfer.transfer.mustRepeat(after: error) else { throw error }
            transfer = try LoopTransfer(request, limits, configuration, on: driver(for: request))
            head = try await transfer.begin()
        }
        return Hop(head: head, pipe: transfer.pipe, driver: transfer)
    }

    func performBlocking(_ request: URLOpener.Request, _ limits: HopLimits) throws(OpenError) -> Hop {
        var driver = try blockingDriver(for: request, limits)
        try limits.cancellation?.attach(driver, url: request.url)
        let head: URLOpener.ResponseHead
        do throws(OpenError) {
            head = try driver.begin()
        } catch {
            guard driver.transfer.mustRepeat(after: error) else { throw error }
            driver = try blockingDriver(for: request, limits)
            try limits.cancellation?.attach(driver, url: request.url)
            head = try driver.begin()
        }
        return Hop(head: head, pipe: driver.transfer.pipe, driver: driver)
    }

    private func blockingDriver(
        for request: URLOpener.Request, _ limits: HopLimits
    ) throws(OpenError) -> BlockingCurlDriver {
        guard let handle = takeHandle(for: request) else { throw Self.exhausted(request.url) }
        return BlockingCurlDriver(request, limits, configuration, handle: handle, transport: self)
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
            let (driver, surplus) = try home.withLock { (home) throws(SocketError) -> (CurlLoop, CurlLoop?) in
                if let driver = home.use(key) { return (driver, nil) }
                let loop = if let loop = home.loop { loop } else { try EventLoopGroup.shared.next() }
                let driver = CurlLoop(on: loop)
                home.loop = loop
                home.drivers.append((key, driver))
                return (driver, home.drivers.count > Self.maximumDrivers ? home.drivers.removeFirst().driver : nil)
            }
            // Its transfers come to their ends, one that is about to begin there as well; its idle connections are closed.
            surplus?.retire()
            return driver
        } catch {
            throw OpenError(
                error.code == .closed ? .closed : .transport, .prepare, url: url, detail: "no event loop: \(error)",
                systemCode: error.code.rawValue)
        }
    }

    /// A handle with a connection for the request, or else one without a connection, which may know certificates and sessions
    /// of TLS already.
    ///
    /// It belongs to the caller alone.
    private func takeHandle(for request: URLOpener.Request) -> CurlHandle? {
        let key = PoolKey(request)
        guard minato_thread_forks() == forks else { return CurlHandle(key) }
        let handle = idle.withLock { idle in
            (idle.lastIndex { $0.suits(request) } ?? idle.lastIndex { $0.isFree(for: key) }).map { idle.remove(at: $0) }
        }
        return handle ?? CurlHandle(key)
    }

    /// Takes a handle back.
    ///
    /// The one that was idle longest is let go.
    func giveBack(_ handle: CurlHandle) {
        guard minato_thread_forks() == forks else { return }
        // Handles close their connection when they go: outside the lock.
        let surplus = idle.withLock { idle -> CurlHandle? in
            idle.append(handle)
            return idle.count > Self.maximumIdle ? idle.removeFirst() : nil
        }
        _ = surplus
    }
}
