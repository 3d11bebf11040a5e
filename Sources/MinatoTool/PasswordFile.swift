import Glibc

/// A password that stands in a file, so that it is in no command line.
enum PasswordFile {
    /// The most bytes that its line may have. A longer one is hardly a password, and a part of one never is.
    private static let limit = 4096

    /// The first line, without its end; an empty one too.
    ///
    /// - Throws: for a file that cannot be read, that is empty, or whose line is too long or not UTF-8: nobody's password is a
    ///   part of such a line, or what replaces characters in it.
    static func firstLine(of path: String) throws(FileFailure) -> String {
        let isStandardInput = path == "-"
        let name = isStandardInput ? "standard input" : path
        let descriptor = isStandardInput ? STDIN_FILENO : unsafe open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw FileFailure("open", path, errno) }
        defer { if !isStandardInput { close(descriptor) } }
        var line: [UInt8] = []
        // One by one: what follows in standard input may be another program's.
        var byte: [UInt8] = [0]
        while true {
            let count = Descriptor.read(descriptor, into: &byte)
            if count < 0 { throw FileFailure("read", name, errno) }
            if count == 0, line.isEmpty { throw FileFailure("read", name, "there is no password in it") }
            if count == 0 || byte[0] == UInt8(ascii: "\n") { break }
            if line.count == limit { throw FileFailure("read", name, "the first line is longer than \(limit) bytes") }
            line.append(byte[0])
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard let password = String(validating: line, as: UTF8.self) else {
            throw FileFailure("read", name, "the first line is not UTF-8")
        }
        return password
    }
}
