import CLibcurl
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
            let handles = Guarded<[UInt]>([])
            try #expect(Self.open(handles) { 0 } == 0)
            #expect(Self.inheritable() == [])
            Self.cleanUp(handles)
        }
    }

    /// Sockets that another thread makes for a program which it is about to start stay inheritable.
    @Test func anothersDescriptorsAreLeftAlone() async {
        await #expect(processExitsWith: .success) {
            let handles = Guarded<[UInt]>([])
            let changed = try Self.open(handles) {
                var pair: [Int32] = [0, 0]
                guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else { return 0 }
                defer { for descriptor in pair { close(descriptor) } }
                // A few looks: the pair has to be open while others are looked for.
                return (0..<4).count { _ in pair.contains { fcntl($0, F_GETFD) != 0 } }
            }
            #expect(changed == 0)
            #expect(Self.inheritable() == [])
            Self.cleanUp(handles)
        }
    }

    /// Four threads open fifty handles each, which stay open, while another repeats `body`. Gives the sum of its results.
    private static func open(_ handles: Guarded<[UInt]>, besides body: @escaping @Sendable () -> Int) throws -> Int {
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
                for _ in 0..<50 {
                    let handle = unsafe UInt(bitPattern: CurlMulti.open())
                    handles.withLock { $0.append(handle) }
                }
            }
        }
        start.open()
        for thread in threads { try thread.join() }
        #expect(handles.withLock { $0.count == 200 && !$0.contains(0) })
        isOver.isSet.store(true, ordering: .releasing)
        return try other.join()
    }

    private static func cleanUp(_ handles: Guarded<[UInt]>) {
        for handle in handles.withLock({ $0 }) {
            unsafe curl_multi_cleanup(UnsafeMutableRawPointer(bitPattern: handle))
        }
    }

    private static func inheritable() -> [Int32] {
        LeakCheck.openDescriptors().keys.filter { $0 > STDERR_FILENO && fcntl($0, F_GETFD) == 0 }
    }

    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }
}
