internal import CMinato

extension URLOpener.Request {
    /// The request as it crosses to the transport: checked as a whole, with the fields that are sent unless it has its own.
    ///
    /// Done here and not when the request is made, so that handlers see what the program said and no more.
    ///
    /// - Parameter decodes: Whether to ask for encodings that are decoded on the way, where the request says nothing itself.
    func completed(decodes: Bool = false) throws(OpenError) -> URLOpener.Request {
        if body != nil && (method == "HEAD" || method == "TRACE") {
            throw refusal("\(method) cannot have a body")
        }
        var request = self
        if field("User-Agent") == nil { try request.addField("User-Agent", Self.userAgent) }
        if field("Accept-Encoding") == nil {
            // Of an encoded body a range would be a piece that cannot be decoded.
            let encodings = decodes && field("Range") == nil ? CurlDecoder.acceptEncoding : nil
            request.isDecoded = encodings != nil
            try request.addField("Accept-Encoding", encodings ?? "identity")
        }
        if let body, field("Content-Type") == nil { try request.addField("Content-Type", body.standardType) }
        return request
    }

    private static let userAgent = "minato/" + (unsafe String(cString: minato_version_text()))
}
