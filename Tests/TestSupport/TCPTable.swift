import Glibc

/// What the kernel says of the TCP sockets of this machine: proc(5).
public enum TCPTable {
    /// The other side has ended.
    public static let closeWait = 8

    /// The states of the sockets that are connected to a port of 127.0.0.1, or on the way, and still open.
    ///
    /// Their numbers are those of the kernel's tcp_states.h.
    public static func states(to port: Int) -> [Int] {
        guard let table = unsafe fopen("/proc/net/tcp", "re") else { return [] }
        defer { unsafe fclose(table) }
        var states: [Int] = []
        var line = [CChar](repeating: 0, count: 512)
        while unsafe fgets(&line, Int32(line.count), table) != nil {
            let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                .split(separator: " ")
            // Fields: number, local, remote, state, queues, timers, retransmits, user, timeout, inode; without one it is closed.
            guard fields.count > 9, fields[2].hasPrefix("0100007F:"), fields[9] != "0" else { continue }
            if Int(fields[2].dropFirst(9), radix: 16) == port { states.append(Int(fields[3], radix: 16) ?? 0) }
        }
        return states
    }
}
