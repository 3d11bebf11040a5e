import Glibc
import MinatoSocket

/// Judges at the end of the process whether the tests left anything behind, and fails the run if so: see ``Belongings``.
public enum LeakCheck {
    /// Installs the check once. The watchdog trait calls it for every test.
    static func install() { _ = installed }

    /// Has something put away before the judgement that lives as long as the process: pooled connections, say.
    public static func beforeJudging(_ body: @escaping @Sendable () -> Void) {
        cleaners.withLock { $0.append(body) }
    }

    private static let cleaners = Guarded<[@Sendable () -> Void]>([])

    private static let installed: Bool = {
        // The shared loops live as long as the process, and so does the watchdog.
        _ = try? EventLoopGroup.shared.all()
        _ = Watchdog.shared
        unsafe baseline = Belongings.now()
        atexit {
            for clean in LeakCheck.cleaners.withLock({ $0 }) { clean() }
            // Event loops close what was given up a moment later, on their own threads; those that wait for work end in 10 s.
            let patience = Deadline.after(unsafe getenv("MINATO_TEST_LEAK") == nil ? .seconds(15) : .seconds(1))
            var leaks: [String]
            repeat {
                leaks = unsafe Belongings.now().leaks(since: LeakCheck.baseline)
                if leaks.isEmpty { return }
                // Nothing announces that a thread has ended, or a descriptor was closed.
                usleep(5000)
            } while !patience.hasPassed
            for leak in leaks { report(leak) }
            _exit(71)
        }
        return true
    }()

    /// What the process was started with. Written once, before the check is installed.
    nonisolated(unsafe) private static var baseline = Belongings.none

    /// The open descriptors that are sockets, pipes, or pollers of ours, with what they refer to.
    ///
    /// Pipes and eventfds may belong to the test runner: only sockets, epolls and signalfds count.
    public static func openSockets() -> [Int32: String] {
        openDescriptors().filter {
            $0.value.hasPrefix("socket:") || $0.value.hasSuffix("[eventpoll]") || $0.value.hasSuffix("[signalfd]")
        }
    }

    /// The open descriptors that are sockets. The runtime makes epolls, timerfds and eventfds of its own, whenever it likes.
    public static func socketsOnly() -> [Int32: String] {
        openDescriptors().filter { $0.value.hasPrefix("socket:") }
    }

    /// All open descriptors of the process, with what they refer to.
    public static func openDescriptors() -> [Int32: String] {
        var found: [Int32: String] = [:]
        guard let directory = unsafe opendir("/proc/self/fd") else { return found }
        defer { unsafe closedir(directory) }
        let own = unsafe dirfd(directory)
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            guard let descriptor = Int32(name), descriptor != own else { continue }
            var target = [CChar](repeating: 0, count: 4096)
            let length = unsafe readlink("/proc/self/fd/\(name)", &target, target.count)
            guard length > 0 else { continue }
            found[descriptor] = String(decoding: target.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return found
    }
}
