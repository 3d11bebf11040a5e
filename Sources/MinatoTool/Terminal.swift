import Glibc

/// Standard output and standard error, written whole and at once.
enum Terminal {
    /// Writes a line to standard output and flushes it: another program may wait for it.
    static func print(_ line: String) { write(STDOUT_FILENO, Array((line + "\n").utf8)) }

    /// Writes a line to standard error.
    static func complain(_ line: String) { write(STDERR_FILENO, Array(("minato: " + line + "\n").utf8)) }

    /// Writes to standard error over the current line of a terminal.
    static func showProgress(_ text: String) { write(STDERR_FILENO, Array(("\r\u{1B}[K" + text).utf8)) }

    /// Whether standard error is a terminal.
    static var hasTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes all bytes to a descriptor; false when that failed.
    @discardableResult
    static func write(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
