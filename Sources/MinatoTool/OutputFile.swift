import Minato

/// Where a body goes: standard output, or a file as the library saves bodies to it.
final class OutputFile {
    private let file: SavedFile?

    /// Standard output for nil.
    init(_ path: String?) throws(SavedFile.Failure) {
        file = if let path { try SavedFile(path) } else { nil }
    }

    func write(_ bytes: [UInt8]) throws {
        if let file { try file.write(bytes.span) } else { try Terminal.write(bytes) }
    }

    /// Gives the file its name.
    func commit() throws(SavedFile.Failure) { try file?.commit() }
}
