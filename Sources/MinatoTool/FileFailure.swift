import Glibc

/// A file of the caller's that could not be read or written.
struct FileFailure: Error, CustomStringConvertible {
    let description: String

    init(_ operation: String, _ path: String, _ code: Int32) {
        self.init(operation, path, unsafe String(cString: strerror(code)))
    }

    init(_ operation: String, _ path: String, _ reason: String) {
        description = "\(operation) \(path): \(reason)"
    }
}
