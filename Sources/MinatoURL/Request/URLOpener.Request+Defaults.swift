internal import CMinato

extension URLOpener.Request {
    /// The request as it crosses to the transport: checked as a whole, with the fields that are sent unless it has its own.
    ///
    /// Done here and not when the request is made, so that handlers see what the program said and no more.
    ///
    /// - Parameter decodes: Whether to ask for encodings that are decoded on the way, where the request says nothing itself.
    func completed(decodes: Bool = false) throws(OpenError) -> URLOpener.Request {
        if hasBody && (method == "HEAD" || method == "TRACE") {
            throw refusal("\(method) cannot have a body")
        }
        var request = self
        request.change { parts in
            parts.fields.reserveCapacity(parts.fields.count + 3)
            if field("User-Agent") == nil { parts.fields.append(Self.userAgent) }
            guard field("Accept-Encoding") == nil else { return }
            // Of an encoded body a range would be a piece that cannot be decoded.
            let encodings = decodes && field("Range") == nil ? Self.decoded : nil
            parts.isDecoded = encodings != nil
            parts.fields.append(encodings ?? Self.identity)
        }
        if let body, field("Content-Type") == nil { try request.addField("Content-Type", body.standardType) }
        return request
    }

    private static let userAgent = standard("User-Agent", "minato/" + (unsafe String(cString: minato_version_text())))
    private static let decoded = CurlDecoder.acceptEncoding.map { standard("Accept-Encoding", $0) }
    private static let identity = standard("Accept-Encoding", "identity")

    /// A field of ours, which nobody has to check.
    private static func standard(_ name: String, _ value: String) -> Field {
        Field(name: name, value: value, isSensitive: false, isUnredirected: false)
    }
}
