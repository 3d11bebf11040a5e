import HTTPTypes
import TestSupport

@testable import MinatoURL

/// What tests of authentication share.
enum Authentication {
    /// The head of a response that asks, or of any other.
    static func head(_ status: Int, _ fields: [(String, String)] = []) -> URLOpener.ResponseHead {
        var all = HTTPFields()
        for (name, value) in fields {
            if let name = HTTPField.Name(name) { all.append(HTTPField(name: name, value: value)) }
        }
        return URLOpener.ResponseHead(status: status, fields: all)
    }

    /// The parameters of an Authorization field by name, quotes removed.
    static func parameters(_ field: String?) -> [String: String] {
        guard let field, let challenge = Challenge.parse(Array(field.utf8)).first, challenge.problem == nil else {
            return [:]
        }
        return Dictionary(challenge.parameters.map { ($0.name, $0.value) }) { first, _ in first }
    }

    /// A manager with one entry.
    static func passwords(
        _ uri: String, realm: String? = nil, user: String = "Mufasa", password: String = "Circle of Life"
    ) -> PasswordManager {
        let passwords = PasswordManager()
        passwords.add(realm: realm, uri: uri, user: user, password: password)
        return passwords
    }

    /// The rows of a file of vectors, each as the values of the named keys, in the words of Python's `json`.
    static func vectors(_ file: String, _ row: String) throws -> [[String]] {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let program = """
            import json, sys
            for row in json.load(open(sys.argv[1]))['rows']:
                print('\\t'.join(\(row)))
            """
        let python = try ChildProcess.python(program, "/\(folder)/Vectors/\(file)")
        return lines(python).map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    }

    /// All lines that a program prints.
    static func lines(_ process: ChildProcess) -> [String] {
        var lines: [String] = []
        while let line = process.readLine() { lines.append(line) }
        return lines
    }
}
