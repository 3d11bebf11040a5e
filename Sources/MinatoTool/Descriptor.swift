import Glibc

/// Reads and writes of a descriptor that may be non-blocking: whoever shares a standard stream with the tool can make it so.
enum Descriptor {
    /// Reads what is there, at most as much as `memory` has room for, and waits for it when nothing is.
    ///
    /// - Returns: how many bytes were read; 0 at the end, and below zero with the reason in `errno`.
    static func read(_ descriptor: Int32, into memory: inout [UInt8]) -> Int {
        while true {
            let count = unsafe memory.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, canGoOn(descriptor, POLLIN) { continue }
            return count
        }
    }

    /// Writes all bytes, and waits while they find no room.
    ///
    /// - Returns: false when that failed, with the reason in `errno`.
    static func write(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if canGoOn(descriptor, POLLOUT) { continue }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Whether `errno` is of a call that is to be made once more, and waits for the events before.
    private static func canGoOn(_ descriptor: Int32, _ events: Int32) -> Bool {
        if errno == EINTR { return true }
        guard errno == EAGAIN else { return false }
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        // When it fails, the next call says why, or that there is still to wait.
        _ = unsafe poll(&entry, 1, -1)
        return true
    }
}
