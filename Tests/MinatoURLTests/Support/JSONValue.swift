import Glibc

/// A value of JSON (RFC 8259), as far as the tables in Vectors need it: whole numbers, no surrogates that stand alone.
enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Int)
    case string(String)
    case array([JSONValue])
    /// In the order of the text.
    case object([Member])

    struct Member: Equatable, Sendable {
        let name: String
        let value: JSONValue
    }

    struct ReadError: Error {
        let offset: Int
    }

    init(parsing text: [UInt8]) throws {
        var reader = Reader(text: text)
        self = try reader.value()
        reader.skipSpace()
        guard reader.offset == text.count else { throw ReadError(offset: reader.offset) }
    }

    subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [] }
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }
}

extension JSONValue {
    private struct Reader {
        let text: [UInt8]
        var offset = 0

        mutating func skipSpace() {
            while offset < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[offset]) { offset += 1 }
        }

        /// Takes a text if it comes next.
        mutating func take(_ expected: String) -> Bool {
            guard text[offset...].starts(with: expected.utf8) else { return false }
            offset += expected.utf8.count
            return true
        }

        mutating func require(_ expected: String) throws {
            guard take(expected) else { throw ReadError(offset: offset) }
        }

        mutating func value() throws -> JSONValue {
            skipSpace()
            if take("null") { return .null }
            if take("true") { return .bool(true) }
            if take("false") { return .bool(false) }
            if take("[") { return .array(try list(until: "]") { try $0.value() }) }
            if take("{") {
                return .object(
                    try list(until: "}") { reader in
                        reader.skipSpace()
                        let name = try reader.string()
                        reader.skipSpace()
                        try reader.require(":")
                        return Member(name: name, value: try reader.value())
                    })
            }
            if text[offset...].first == UInt8(ascii: "\"") { return .string(try string()) }
            let digits = text[offset...].prefix {
                UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: "-")
            }
            guard let number = Int(String(decoding: digits, as: UTF8.self)) else { throw ReadError(offset: offset) }
            offset += digits.count
            return .number(number)
        }

        private mutating func list<Element>(
            until end: String, _ element: (inout Reader) throws -> Element
        ) throws -> [Element] {
            var elements: [Element] = []
            skipSpace()
            if take(end) { return elements }
            while true {
                elements.append(try element(&self))
                skipSpace()
                if take(end) { return elements }
                try require(",")
            }
        }

        private mutating func string() throws -> String {
            try require("\"")
            var units: [UInt16] = []
            while !take("\"") {
                guard take("\\") else {
                    let plain = text[offset...].prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
                    guard !plain.isEmpty else { throw ReadError(offset: offset) }
                    offset += plain.count
                    units += String(decoding: plain, as: UTF8.self).utf16
                    continue
                }
                let escapes = [
                    "b": "\u{8}", "f": "\u{c}", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\", "\"": "\"",
                ]
                if take("u") {
                    let digits = String(decoding: text[offset...].prefix(4), as: UTF8.self)
                    guard let unit = UInt16(digits, radix: 16) else { throw ReadError(offset: offset) }
                    units.append(unit)
                    offset += 4
                } else if let escape = escapes.first(where: { take($0.key) }) {
                    units += escape.value.utf16
                } else {
                    throw ReadError(offset: offset)
                }
            }
            return String(decoding: units, as: UTF16.self)
        }
    }
}
