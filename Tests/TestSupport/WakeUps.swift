public import Glibc

/// How often the kernel has let threads run: a thread that waits and is not woken does not run. See proc(5), `status`.
public enum WakeUps {
    /// Of one thread of this process.
    public static func count(ofThread thread: pid_t) throws -> Int {
        try count(in: "/proc/self/task/\(thread)/status")
    }

    /// The number of the thread that calls: /proc/thread-self leads to `1234/task/1235`.
    public static func currentThread() -> pid_t {
        var path = [CChar](repeating: 0, count: 64)
        let count = unsafe readlink("/proc/thread-self", &path, path.count)
        let name = path.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }
        return name.split(separator: UInt8(ascii: "/")).last.flatMap { pid_t(String(decoding: $0, as: UTF8.self)) }
            ?? -1
    }

    /// Whether a thread of this process waits: it neither runs nor would, had it a processor.
    public static func isWaiting(_ thread: pid_t) throws -> Bool {
        try isWaiting(in: "/proc/self/task/\(thread)/status")
    }

    /// Of each thread of a process, by its number.
    public static func counts(ofProcess process: pid_t) throws -> [pid_t: Int] {
        try each(of: process) { try count(in: $0) }
    }

    /// Whether all threads of a process wait.
    public static func areWaiting(ofProcess process: pid_t) throws -> Bool {
        try each(of: process) { try isWaiting(in: $0) }.values.allSatisfy { $0 }
    }

    private static func each<Value>(
        of process: pid_t, _ read: (_ path: String) throws -> Value
    ) throws -> [pid_t: Value] {
        guard let directory = unsafe opendir("/proc/\(process)/task") else {
            throw ChildProcess.Failure(description: "process \(process): errno \(errno)")
        }
        defer { unsafe closedir(directory) }
        var values: [pid_t: Value] = [:]
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            // A thread may have ended meanwhile.
            if let thread = pid_t(name) { values[thread] = try? read("/proc/\(process)/task/\(name)/status") }
        }
        return values
    }

    /// The line "State:\tS (sleeping)".
    private static func isWaiting(in path: String) throws -> Bool {
        String(decoding: try contents(of: path), as: UTF8.self).contains("\nState:\tS")
    }

    /// The two last lines: "voluntary_ctxt_switches:\t150", "nonvoluntary_ctxt_switches:\t545".
    private static func count(in path: String) throws -> Int {
        let lines = String(decoding: try contents(of: path), as: UTF8.self).split(separator: "\n")
        return lines.filter { $0.contains("voluntary_ctxt_switches:") }
            .reduce(0) { $0 + (Int($1.split(separator: "\t").last ?? "") ?? 0) }
    }
}

/// What a file of /proc says.
public func contents(of path: String) throws -> [UInt8] {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw ChildProcess.Failure(description: "\(path): errno \(errno)") }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = unsafe read(file, &bytes, bytes.count)
    return Array(bytes.prefix(max(count, 0)))
}
