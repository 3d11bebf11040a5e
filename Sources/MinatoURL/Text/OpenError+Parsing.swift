// What goes wrong in text alone, before anything is opened.

extension OpenError.Operation {
    /// Reading a text: a URL, a query, something percent-encoded.
    public static let parse = Self(rawValue: "parse")
}

extension OpenError.Code {
    /// A percent sign begins no triplet, or the decoded bytes are not UTF-8, where a text was to be validated.
    public static let badEncoding = Self(rawValue: "badEncoding")

    /// A field of a query is empty or has no `=`, where it was to be parsed strictly.
    public static let badQuery = Self(rawValue: "badQuery")
}
