/// The content of an HTML form with files, as browsers send it: `multipart/form-data`.
///
/// ```swift
/// var form = MultipartForm()
/// form.append("comment", "two ports")
/// try form.append("image", fileName: "map.png", contentType: "image/png", content: .bytes(png))
/// var request = try URLOpener.Request("http://127.0.0.1:8000/upload")
/// try request.setForm(form)
/// ```
///
/// Pure text work: nothing blocks, and a value can be used from any thread.
///
/// Python: nothing in its library. RFC 7578; the HTML standard, multipart/form-data encoding algorithm.
public struct MultipartForm: Sendable {
    /// The parts in their order.
    public private(set) var parts: [Part] = []

    /// Makes a form without parts.
    public init() {}

    /// Adds a field of text.
    ///
    /// - Parameters:
    ///   - name: The name. CR, LF and `"` in it are percent-encoded, as browsers do, and nothing else is.
    ///   - value: The value, sent as UTF-8, as it is; browsers make CR LF of its line ends.
    /// - Throws: ``OpenError`` with `badRequest` for another control than tab in the name; the form is unchanged then.
    public mutating func append(_ name: String, _ value: String) throws(OpenError) {
        parts.append(try Part(name: name, fileName: nil, contentType: nil, content: .bytes(Array(value.utf8))))
    }

    /// Adds a file, or another part with a content type.
    ///
    /// - Parameters:
    ///   - name: The name of the field, as in ``append(_:_:)``.
    ///   - fileName: The file name that is told, encoded as the name is, or nil for none, as by default. A path is told as it is.
    ///   - contentType: The content type, sent as it is, by default `application/octet-stream`; nil for none, which is
    ///     `text/plain`.
    ///   - content: The bytes, or how many there will be.
    /// - Throws: ``OpenError`` with `badRequest` for another control than tab in the name or the file name, a content type that is
    ///   empty or has a control, and a count below zero; the form is unchanged then.
    public mutating func append(
        _ name: String, fileName: String? = nil, contentType: String? = "application/octet-stream", content: Content
    ) throws(OpenError) {
        parts.append(try Part(name: name, fileName: fileName, contentType: contentType, content: content))
    }
}

extension MultipartForm: CustomStringConvertible, CustomReflectable {
    /// The names of the parts and their sizes, not their contents.
    public var description: String {
        parts.map(\.description).joined(separator: ", ")
    }

    /// The description alone: a dump shows no content.
    public var customMirror: Mirror { Mirror(self, children: ["form": description]) }
}
