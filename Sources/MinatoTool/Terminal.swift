import Glibc

/// Standard output and standard error, written whole and at once.
enum Terminal {
    /// Writes a line to standard output and flushes it: another program may wait for it.
    static func print(_ line: String) throws(FileFailure) { try write(Array((line + "\n").utf8)) }

    /// Writes bytes to standard output.
    static func write(_ bytes: [UInt8]) throws(FileFailure) {
        if !Descriptor.write(STDOUT_FILENO, bytes) { throw FileFailure("write", "standard output", errno) }
    }

    /// Writes a line to standard error. Where that fails there is nobody to tell.
    static func complain(_ line: String) { _ = Descriptor.write(STDERR_FILENO, Array(("minato: " + line + "\n").utf8)) }

    /// Writes to standard error over the current line of a terminal.
    static func showProgress(_ text: String) { _ = Descriptor.write(STDERR_FILENO, Array(("\r\u{1B}[K" + text).utf8)) }

    /// Whether standard error is a terminal.
    static var hasTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}
