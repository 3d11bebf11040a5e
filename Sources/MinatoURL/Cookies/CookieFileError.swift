internal import MinatoLoop

/// Why cookies could not be loaded from a file, or saved to one.
///
/// It is one line when it is printed, and holds nothing of the file's content:
///
///     load cookies.txt: line 3: 5 fields instead of 7 (malformedLine)
///
/// Python: `http.cookiejar.LoadError`, `OSError`.
public struct CookieFileError: Error, Hashable, Sendable {
    /// What went wrong, as a value that a program compares.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The name, as it is printed.
        public let rawValue: String

        /// Makes a code from its name.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// A line that is no cookie and no comment; ``CookieFileError/line`` tells which.
        public static let malformedLine = Code(rawValue: "malformedLine")

        /// The file has more than 32 MiB.
        public static let tooLarge = Code(rawValue: "tooLarge")

        /// The kernel refused; ``CookieFileError/systemCode`` tells why.
        public static let system = Code(rawValue: "system")
    }

    /// What was being done.
    public enum Operation: String, Hashable, Sendable {
        /// Loading.
        case load
        /// Saving.
        case save
    }

    /// What was being done.
    public let operation: Operation

    /// What went wrong.
    public let code: Code

    /// The path as it was given.
    public let path: String

    /// The line, from 1, or nil when it is not about one.
    public let line: Int?

    /// The errno value, or 0 when the kernel had no part in it.
    public let systemCode: Int32

    private let detail: String

    init(
        _ operation: Operation, _ code: Code, path: String, line: Int? = nil, systemCode: Int32 = 0, detail: String = ""
    ) {
        self.operation = operation
        self.code = code
        self.path = path
        self.line = line
        self.systemCode = systemCode
        self.detail = systemCode == 0 ? detail : SocketError.Code(systemCode).message
    }
}

extension CookieFileError: CustomStringConvertible {
    /// One line: operation, path, line, cause.
    public var description: String {
        let place = line.map { ": line \($0)" } ?? ""
        let cause = systemCode == 0 ? code.rawValue : "\(code.rawValue), errno \(systemCode)"
        return Redaction.line("\(operation.rawValue) \(path)\(place): \(detail) (\(cause))")
    }
}
