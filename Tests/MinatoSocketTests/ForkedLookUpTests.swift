import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Look-ups in a forked child", .watchdog)
struct ForkedLookUpTests {
    @Test(
        "A child has threads of its own for them, whatever its parent's were at",
        .disabled(if: Sanitizer.isPresent, "ThreadSanitizer lets no forked child start a thread"))
    func own() async {
        // In a process with nothing else in it: a child has copies of locks that others hold.
        await #expect(processExitsWith: .success) {
            let (begun, ends) = (Guarded(0), Guarded(false))
            // All that the parent may have hang, and more wait for one.
            for _ in 0..<9 {
                try ResolverPool.shared.start {
                    begun.withLockAndWake { $0 += 1 }
                    _ = ends.wait { $0 ? true : nil }
                }
            }
            _ = begun.wait { $0 == 8 ? true : nil }
            let result = ForkedChild.run {
                for _ in 0..<2 {
                    let answers = try? Resolver.addresses(of: "localhost", service: "80", timeout: .seconds(10))
                    if answers?.isEmpty ?? true { return 1 }
                }
                return ResolverPool.shared.queued == 0 ? 0 : 2
            }
            #expect(result == 0)
            #expect(ResolverPool.shared.queued == 1)
            ends.withLockAndWake { $0 = true }
        }
    }
}
