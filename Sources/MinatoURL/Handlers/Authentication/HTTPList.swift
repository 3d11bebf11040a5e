/// The lists of RFC 9110 section 5.6.1 as Python takes them apart: elements between commas, and `name=value` among them.
///
/// For fields that hold nothing but such a list, and for parameters whose value is one.
enum HTTPList {
    /// The elements of a text, without the spaces around them.
    ///
    /// A comma between double quotes divides nothing, and a backslash there takes the next character as it is and is itself
    /// left out; the quotes stay. A comma at the very end begins no element; any other empty element is one.
    ///
    /// Python: `urllib.request.parse_http_list`.
    static func elements(_ text: some StringProtocol) -> [String] {
        var elements: [String] = []
        var element: [UInt8] = []
        var isQuoted = false
        var isEscaped = false
        for byte in text.utf8 {
            switch byte {
            case _ where isEscaped:
                isEscaped = false
                element.append(byte)
            case UInt8(ascii: "\\") where isQuoted:
                isEscaped = true
            case UInt8(ascii: ",") where !isQuoted:
                elements.append(trimmed(element))
                element = []
            default:
                if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
                element.append(byte)
            }
        }
        if !element.isEmpty { elements.append(trimmed(element)) }
        return elements
    }

    /// Elements of the form `name=value` by name, values without the double quotes around them; of the same name the last.
    ///
    /// - Returns: nil when an element has no `=` or nothing after it.
    ///
    /// Python: `urllib.request.parse_keqv_list`, which raises then.
    static func pairs(_ elements: [String]) -> [String: String]? {
        var pairs: [String: String] = [:]
        for element in elements {
            guard let sign = element.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            var value = element.utf8[sign...].dropFirst()
            guard let first = value.first, let last = value.last else { return nil }
            if first == UInt8(ascii: "\""), last == UInt8(ascii: "\"") { value = value.dropFirst().dropLast() }
            pairs[String(Substring(element.utf8[..<sign]))] = String(Substring(value))
        }
        return pairs
    }

    private static func trimmed(_ bytes: [UInt8]) -> String {
        String(decoding: HTTPSyntax.trimmed(bytes[...]), as: UTF8.self)
    }
}
