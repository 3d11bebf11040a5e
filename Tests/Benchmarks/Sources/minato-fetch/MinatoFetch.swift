internal import Glibc
internal import MinatoSocket
internal import MinatoURL
internal import Synchronization

/// `minato-fetch URL [--face tasks|blocking] [...]`: MinatoURL as its users call it, otherwise as `curl-fetch`.
@main
struct MinatoFetch {
    static func main() async throws {
        let options = Options(CommandLine.arguments)
        let tally = Tally()
        switch options.face {
        case .tasks: try await fetchInTasks(options, tally)
        case .blocking: try fetchInThread(options, tally)
        }
        let (requests, bytes, errors) = tally.counts
        if options.isOnce { exit(errors == 0 ? EXIT_SUCCESS : EXIT_FAILURE) }
        print(#"{"requests": \#(requests), "bytes": \#(bytes), "errors": \#(errors)}"#)
        fflush(nil)
        // The runner looks at what it used before it goes.
        while readLine() != nil {}
    }

    static func announce() {
        print("ready")
        fflush(nil)
        guard readLine() != nil else { exit(EXIT_FAILURE) }
    }

    static func configuration(_ options: Options) throws -> URLOpener.Configuration {
        var configuration = URLOpener.Configuration()
        if let authority = options.authority { configuration.tls.trust = .file(authority) }
        return configuration
    }

    static func request(_ options: Options) throws -> URLOpener.Request {
        var request = try URLOpener.Request(options.url)
        if options.closes { try request.addField("Connection", "close") }
        if options.isIdentity { try request.addField("Accept-Encoding", "identity") }
        return request
    }

    /// As many tasks as requests at a time, on the loop of the opener.
    static func fetchInTasks(_ options: Options, _ tally: Tally) async throws {
        let loop = try EventLoop()
        var configuration = try configuration(options)
        configuration.loop = loop
        let opener = URLOpener(ProxyHandler(.none), configuration: configuration)
        let request = try request(options)

        @Sendable func fetch() async {
            do {
                let response = try await opener.open(request)
                if options.isStreamed {
                    // As the callback of libcurl, and of curl-fetch.
                    try await response.body.forEachPiece { piece in tally.add(bytes: piece.count) }
                } else if options.isRead {
                    while case let piece = try await response.body.read(atMost: 262_144), !piece.isEmpty {
                        tally.add(bytes: piece.count)
                    }
                } else {
                    tally.add(bytes: try await response.body.collect(upTo: 65_536).count)
                }
                tally.addRequest()
            } catch {
                tally.addError(error)
            }
        }
        await withDiscardingTaskGroup { group in
            for _ in 0..<options.concurrency { group.addTask(executorPreference: loop) { await fetch() } }
        }
        if options.isOnce { return }
        announce()
        tally.reset()
        let deadline = Deadline.after(.seconds(options.seconds))
        await withDiscardingTaskGroup { group in
            for _ in 0..<options.concurrency {
                group.addTask(executorPreference: loop) {
                    repeat { await fetch() } while !deadline.hasPassed
                }
            }
        }
    }

    static func fetchInThread(_ options: Options, _ tally: Tally) throws {
        let opener = URLOpener(ProxyHandler(.none), configuration: try configuration(options))
        let request = try request(options)
        func fetch() throws {
            let response = try opener.openBlocking(request)
            if options.isStreamed {
                try response.body.forEachPiece { piece in tally.add(bytes: piece.count) }
            } else if options.isRead {
                while case let piece = try response.body.read(atMost: 262_144), !piece.isEmpty {
                    tally.add(bytes: piece.count)
                }
            } else {
                tally.add(bytes: try response.body.collect(upTo: 65_536).count)
            }
            tally.addRequest()
        }
        try fetch()
        if options.isOnce { return }
        announce()
        tally.reset()
        let deadline = Deadline.after(.seconds(options.seconds))
        repeat { try fetch() } while !deadline.hasPassed
    }
}

/// What was done.
final class Tally: Sendable {
    private let requests = Atomic(0)
    private let bytes = Atomic(0)
    private let errors = Atomic(0)

    func addRequest() { requests.add(1, ordering: .relaxed) }
    func add(bytes count: Int) { bytes.add(count, ordering: .relaxed) }

    func addError(_ error: any Error) {
        if errors.add(1, ordering: .relaxed).oldValue == 0 {
            let line = "minato-fetch: \(error)\n"
            _ = unsafe line.withCString { unsafe write(STDERR_FILENO, $0, strlen($0)) }
        }
    }

    func reset() {
        requests.store(0, ordering: .relaxed)
        bytes.store(0, ordering: .relaxed)
    }

    var counts: (requests: Int, bytes: Int, errors: Int) {
        (requests.load(ordering: .relaxed), bytes.load(ordering: .relaxed), errors.load(ordering: .relaxed))
    }
}
