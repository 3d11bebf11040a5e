/// A value of JSON (RFC 8259), to be written.
enum JSON {
    case null
    case integer(Int)
    /// Finite: JSON has no other numbers.
    case number(Double)
    case string(String)
    case array([JSON])
    /// In this order.
    case object([(name: String, value: JSON)])

    /// The text, on one line.
    ///
    /// Every control is escaped, those above ASCII and the separators of lines included: what a server sent does nothing to the
    /// terminal that shows it.
    var text: String {
        switch self {
        case .null: "null"
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .string(let string): Self.quoted(string)
        case .array(let elements): "[" + elements.map(\.text).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { "\(Self.quoted($0.name)): \($0.value.text)" }.joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ string: String) -> String {
        var result = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\0"..<" ", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension JSON {
    /// A string, or null.
    static func string(_ string: String?) -> JSON { string.map(JSON.string) ?? .null }

    /// An integer, or null.
    static func integer(_ number: Int?) -> JSON { number.map(JSON.integer) ?? .null }

    /// A duration in seconds.
    static func seconds(_ duration: Duration) -> JSON { .number(duration / .seconds(1)) }
}
