internal import HTTPTypes
internal import Synchronization

/// The fields of a head as they came, which become strings when somebody asks for them: of most responses nobody does.
final class ReceivedFields: Sendable {
    private final class Made: Sendable {
        let fields: HTTPFields
        init(_ fields: HTTPFields) { self.fields = fields }
    }

    /// Lines of name, colon, perhaps spaces, and value, each with a newline, nothing else in them that needs a look.
    private let lines: [UInt8]
    private let made = AtomicLazyReference<Made>()

    init(_ lines: [UInt8]) { self.lines = lines }

    /// All of them, in order.
    var all: HTTPFields {
        if let made = made.load() { return made.fields }
        // Of two who make them at once, both get those of the first.
        return made.storeIfNil(Made(make())).fields
    }

    private func make() -> HTTPFields {
        var fields = HTTPFields()
        var rest = lines[...]
        while let end = rest.firstIndex(of: 0x0A) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")),
                let name = HTTPField.Name(String(decoding: line[..<colon], as: UTF8.self))
            else { continue }
            let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            fields.append(
                value.allSatisfy { $0 < 0x80 }
                    ? HTTPField(name: name, value: String(decoding: value, as: UTF8.self))
                    : HTTPField(name: name, lenientValue: value))
        }
        return fields
    }
}
