// What goes wrong in text alone, before anything is opened.

extension OpenError.Operation {
    /// Reading a text: a URL, a query, something percent-encoded.
    public static let parse = Self(rawValue: "parse")
}

extension OpenError.Code {
    /// A field of a query is empty or has no `=`, where it was to be parsed strictly.
    public static let badQuery = Self(rawValue: "badQuery")
}
