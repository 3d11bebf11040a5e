import Glibc

/// A directory of a test's own, removed with all that is in it.
public final class TemporaryDirectory: Sendable {
    /// Where it is.
    public let path: String

    /// Makes one under the system's directory for such things.
    public init() throws {
        var template = Array("/tmp/minato-XXXXXX".utf8.map { CChar(bitPattern: $0) }) + [0]
        guard unsafe mkdtemp(&template) != nil else {
            throw ChildProcess.Failure(description: "mkdtemp: errno \(errno)")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A path in it.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file in it and returns its path.
    public func write(_ name: String, _ content: [UInt8]) throws -> String {
        let path = file(name)
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ChildProcess.Failure(description: "open: errno \(errno)") }
        defer { close(descriptor) }
        var offset = 0
        while offset < content.count {
            let count = unsafe content.withUnsafeBytes { bytes in
                unsafe Glibc.write(descriptor, bytes.baseAddress.unsafelyUnwrapped + offset, bytes.count - offset)
            }
            guard count > 0 else { throw ChildProcess.Failure(description: "write: errno \(errno)") }
            offset += count
        }
        return path
    }

    deinit { Self.removeAll(path) }

    private static func removeAll(_ path: String) {
        // Fails at once for what is no directory.
        if let directory = unsafe opendir(path) {
            while let entry = unsafe readdir(directory) {
                let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                    unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
                }
                if name != ".", name != ".." { removeAll("\(path)/\(name)") }
            }
            unsafe closedir(directory)
        }
        unsafe remove(path)
    }
}
