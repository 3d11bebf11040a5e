import TestSupport

/// Rows that a program of Python's gives: cases, with what Python makes of them.
///
/// In the program `row(...)` gives one; a field is text, bytes, None, or anything else as its `str`.
enum PythonTable {
    struct Failure: Error { let errors: String }

    static func rows(_ program: String, _ arguments: [String] = []) throws -> [[String?]] {
        // In hexadecimal, for a field may have any character in it.
        let prelude = """
            import atexit, sys
            _rows = []
            def row(*fields):
                fields = [f if f is None or isinstance(f, bytes) else str(f).encode() for f in fields]
                _rows.append(' '.join('-' if f is None else '=' + f.hex() for f in fields))
            atexit.register(lambda: sys.stdout.write(''.join(line + '\\n' for line in _rows)))

            """
        let child = try ChildProcess(["python3", "-c", prelude + program] + arguments)
        let output = child.readToEnd()
        guard child.wait() == 0 else { throw Failure(errors: child.readErrors()) }
        return output.split(separator: "\n").map { line in line.split(separator: " ").map { decode($0) } }
    }

    private static func decode(_ field: Substring) -> String? {
        guard field.first == "=" else { return nil }
        let digits = field.dropFirst().utf8.map { UInt8(Character(UnicodeScalar($0)).hexDigitValue ?? 0) }
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Where a file of vectors is.
    static func vectors(_ name: String) -> String {
        String(#filePath.dropLast("Support/PythonTable.swift".count)) + "Vectors/" + name
    }
}
