internal import CMinato

extension URLOpener.Request {
    /// The request as it crosses to the transport: checked as a whole, with the fields that are sent unless it has its own.
    ///
    /// Done here and not when the request is made, so that handlers see what the program said and no more.
    func completed() throws(OpenError) -> URLOpener.Request {
        if body != nil && (method == "HEAD" || method == "TRACE") {
            throw refusal("\(method) cannot have a body")
        }
        var request = self
        if field("User-Agent") == nil { try request.addField("User-Agent", Self.userAgent) }
        if field("Accept-Encoding") == nil { try request.addField("Accept-Encoding", "identity") }
        if let body, field("Content-Type") == nil { try request.addField("Content-Type", body.standardType) }
        return request
    }

    private static let userAgent = "minato/" + (unsafe String(cString: minato_version_text()))
}
