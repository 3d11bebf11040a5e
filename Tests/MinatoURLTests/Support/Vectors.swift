import Glibc
import Testing

/// The tables of expected results beside this folder.
enum Vectors {
    /// A row of a table, numbered so that a failure says which.
    struct Row: Sendable, CustomTestStringConvertible {
        let number: Int
        let fields: JSONValue

        var arguments: [JSONValue] { fields["arguments"]?.elements ?? [] }
        var result: JSONValue { fields["result"] ?? .null }
        var testDescription: String { "\(number): \(arguments)" }
    }

    /// A table; empty, which every test refuses, when it cannot be read.
    static func table(_ name: String) -> JSONValue {
        let folder = String(#filePath.dropLast("Support/Vectors.swift".count))
        guard let file = unsafe fopen("\(folder)Vectors/\(name).json", "r") else { return .null }
        defer { unsafe fclose(file) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            text += chunk[..<count]
        }
        return (try? JSONValue(parsing: text)) ?? .null
    }

    static func rows(_ name: String) -> [Row] {
        (table(name)["rows"]?.elements ?? []).enumerated().map { Row(number: $0.offset, fields: $0.element) }
    }
}
