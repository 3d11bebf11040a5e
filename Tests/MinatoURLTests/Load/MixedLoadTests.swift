import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Eight at once, with one opener, send requests of every kind one after another; then all is as it was before: every response
/// right, no transfer left, no descriptor, no memory.
///
/// Each of them sends 1,000 under a sanitizer and 100 otherwise, unless `MINATO_TEST_REQUESTS` says how many; `MINATO_TEST_SEED`
/// says which ones. To run it:
///
///     scripts/test --sanitize thread --filter MixedLoadTests
///     scripts/test --sanitize address --filter MixedLoadTests
///     MINATO_TEST_REQUESTS=1000 scripts/test --filter MixedLoadTests
///
/// What is in use of memory is told only without a sanitizer; AddressSanitizer tells at the end what is leaked.
@Suite(.watchdog) struct MixedLoadTests {
    /// In a process of its own, where nobody else opens and allocates.
    @Test(arguments: Face.allCases)
    func leavesNothing(_ face: Face) async throws {
        let result = await #expect(
            processExitsWith: .success, observing: [\.standardOutputContent, \.standardErrorContent]
        ) { [isTasks = (face == .tasks) as Bool] in
            let load = try MixedLoad(isTasks ? .tasks : .threads)
            // What is made once and kept: loops, tables of the TLS library, caches of the allocator.
            await load.run(requests: 100)
            let (descriptors, memory) = (load.descriptors, AllocatedMemory.count)
            await load.run(requests: load.count)
            #expect(load.descriptors == descriptors)
            if let memory, let now = AllocatedMemory.count {
                print("MixedLoadTests: \(now - memory) bytes more after \(8 * load.count) requests")
                #expect(now - memory < load.tolerance)
            }
        }
        // What it measured, and what a sanitizer said.
        for bytes in [result?.standardOutputContent, result?.standardErrorContent] {
            let lines = String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\n")
            for line in lines where !"\u{25C7}\u{2714}\u{21B3}".contains(line.first ?? " ") { print(line) }
        }
    }
}

/// The servers, and what is sent to them.
final class MixedLoad: Sendable {
    /// How much more memory may be in use afterwards: what the allocator keeps for its threads, and less than the smallest object
    /// of a request.
    var tolerance: Int { (1 << 19) + 8 * count * 64 }

    let count: Int
    private let face: Face
    private let server: MixedServer
    private let seed: UInt64
    /// How many sockets and pollers are open when nothing is sent.
    private let before: Int

    init(_ face: Face) throws {
        self.face = face
        server = try MixedServer()
        // They live as long as the process.
        _ = try EventLoopGroup.shared.all()
        before = LeakCheck.openSockets().count
        func number(_ name: String) -> UInt64? { unsafe getenv(name).flatMap { unsafe UInt64(String(cString: $0)) } }
        count = number("MINATO_TEST_REQUESTS").map { Int($0) } ?? (Sanitizer.isPresent ? 1000 : 100)
        seed = number("MINATO_TEST_SEED") ?? UInt64.random(in: 0 ... .max)
        print("MixedLoadTests: MINATO_TEST_SEED=\(seed)")
    }

    /// Sends that many requests from each of the eight, with an opener that is gone afterwards.
    func run(requests: Int) async {
        let pipes = WeakPipes()
        await send(requests, pipes)
        // The loops let go of what was given up a moment later, and threads of what they looked up.
        let patience = Deadline.after(.seconds(60))
        while pipes.count > 0 || descriptors > before, !patience.hasPassed { await Task.yield() }
        #expect(pipes.count == 0 && descriptors == before, "\(pipes.count), \(descriptors), \(before)")
    }

    private func send(_ requests: Int, _ pipes: WeakPipes) async {
        let passwords = PasswordManager()
        passwords.add(
            realm: MixedServer.realm, uri: server.python.url("/private"), user: MixedServer.user,
            password: MixedServer.password)
        var configuration = URLOpener.Configuration()
        configuration.tls.trust = .file(server.http2.certificates.authority)
        let opener = URLOpener(BasicAuthHandler(passwords), configuration: configuration)
        await withTaskGroup(of: [String].self) { [face, server, seed] group in
            for task in 0..<8 {
                group.addTask {
                    let generator = SeededGenerator(seed: seed &+ UInt64(task))
                    var request = MixedRequest(
                        face: face, opener: opener, server: server, generator: generator, pipes: pipes)
                    var faults: [String] = []
                    for _ in 0..<requests { if let fault = await request.send() { faults.append(fault) } }
                    return faults
                }
            }
            for await faults in group { #expect(faults == [], "\(faults.prefix(3))") }
        }
    }

    /// How many sockets and pollers are open.
    var descriptors: Int { LeakCheck.openSockets().count }
}
