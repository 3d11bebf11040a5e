/// The query of a URL, or the content of an HTML form, as names and values in their order.
///
/// ```swift
/// let query: URLQuery = ["name": "John Smith", "city": "Köln"]
/// print(query.urlencoded())                             // name=John+Smith&city=K%C3%B6ln
/// let parsed = try URLQuery(parsing: "a=1&b=2&a=3")
/// print(parsed.value("b") ?? "", parsed.values("a"))    // 2 ["1", "3"]
/// ```
///
/// A name may occur several times. To send a form, see ``URLOpener/Request/setForm(_:)-(URLQuery)``.
///
/// Python: `urllib.parse.urlencode`, `parse_qs`, `parse_qsl`. The WHATWG URL standard, `application/x-www-form-urlencoded`.
public struct URLQuery: Hashable, Sendable {
    /// A name with its value, neither of them encoded. Python: a pair of `parse_qsl`.
    public struct Field: Hashable, Sendable {
        /// The name; it may be empty.
        public var name: String

        /// The value; it may be empty.
        public var value: String

        /// Makes a field.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The fields in their order.
    ///
    /// Python: the result of `parse_qsl`.
    public var fields: [Field]

    /// Makes a query of fields, by default of none.
    public init(_ fields: [Field] = []) {
        self.fields = fields
    }

    /// Makes a query of pairs of names and values, in their order.
    ///
    /// Python: `urlencode` of a sequence of pairs. A value that is a sequence (`doseq`) is several pairs here.
    public init(_ pairs: some Sequence<(String, String)>) {
        fields = pairs.map { Field($0.0, $0.1) }
    }

    /// Adds a field at the end, beside others of the same name.
    public mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name, value))
    }

    /// The value of the first field of a name, or nil.
    ///
    /// Names are the same when their characters are, letter for letter: `é` is not `e` with an accent, as it is when Swift
    /// compares strings.
    public func value(_ name: String) -> String? {
        fields.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    /// The values of all fields of a name in their order; none is the empty array.
    ///
    /// Python: an entry of the dictionary that `parse_qs` returns.
    public func values(_ name: String) -> [String] {
        fields.filter { $0.name.utf8.elementsEqual(name.utf8) }.map(\.value)
    }

    /// The query as it is written in a URL after `?`, or sent as a form.
    ///
    /// - Parameter spacesAsPlus: Whether a space is `+`, which is what forms are and every reader of queries understands, or
    ///   `%20`. By default `+`.
    /// - Returns: `name=value` joined by `&`, all but letters, digits and `-._~` percent-encoded as UTF-8. Empty without
    ///   fields.
    ///
    /// Python: `urllib.parse.urlencode`; with `quote_via=quote` for false.
    public func urlencoded(spacesAsPlus: Bool = true) -> String {
        func encode(_ text: String) -> String {
            spacesAsPlus ? PercentEncoding.quotePlus(text) : PercentEncoding.quote(text, safe: "")
        }
        return fields.map { encode($0.name) + "=" + encode($0.value) }.joined(separator: "&")
    }
}

extension URLQuery: ExpressibleByDictionaryLiteral {
    /// Makes a query of a literal, whose order is kept; a name may occur several times. Python: `urlencode` of a dictionary.
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements)
    }
}
