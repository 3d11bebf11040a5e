import Glibc
import MinatoSocket
import Synchronization
import TestSupport
import Testing

@testable import MinatoURL

/// The descriptors by which libcurl wakes itself, whose numbers it does not tell.
@Suite(.watchdog) struct CurlMultiTests {
    /// Threads that open at the same moment find each other's numbers free, and then taken.
    @Test func threadsAtOnceLeaveNoneToPrograms() async {
        await #expect(processExitsWith: .success) {
            try #expect(Self.openBesides { 0 } == 0)
            #expect(Self.inheritable() == [])
        }
    }

    /// Sockets that another thread makes for a program which it is about to start stay inheritable.
    @Test func anothersDescriptorsAreLeftAlone() async {
        await #expect(processExitsWith: .success) {
            let changed = try Self.openBesides {
                var pair: [Int32] = [0, 0]
                guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else { return 0 }
                defer { for descriptor in pair { close(descriptor) } }
                // A few looks: the pair has to be open while others are looked for.
                return (0..<4).count { _ in pair.contains { fcntl($0, F_GETFD) != 0 } }
            }
            #expect(changed == 0)
            #expect(Self.inheritable() == [])
        }
    }

    /// Four threads open fifty handles each, which stay open, while another repeats `body`. Gives the sum of its results.
    private static func openBesides(_ body: @escaping @Sendable () -> Int) throws -> Int {
        #expect(CurlEasy.isReady)
        // Whoever has started this process may have left some.
        for descriptor in inheritable() { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        let isOver = Flag()
        let start = Gate()
        let other = try Background {
            var sum = 0
            while !isOver.isSet.load(ordering: .acquiring) { sum += body() }
            return sum
        }
        let threads = try (0..<4).map { _ in
            try Background {
                start.wait()
                return (0..<50).count { _ in unsafe CurlMulti.open() != nil }
            }
        }
        start.open()
        for thread in threads { try #expect(thread.join() == 50) }
        isOver.isSet.store(true, ordering: .releasing)
        return try other.join()
    }

    private static func inheritable() -> [Int32] {
        LeakCheck.openDescriptors().keys.filter { $0 > STDERR_FILENO && fcntl($0, F_GETFD) == 0 }
    }

    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }
}
