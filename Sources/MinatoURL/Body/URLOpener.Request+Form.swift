extension URLOpener.Request {
    /// Makes the fields of a form the body: `application/x-www-form-urlencoded`.
    ///
    /// - Parameter form: The fields; none is an empty body.
    ///
    /// The method is POST unless one was given. A Content-Type that was there is replaced.
    ///
    /// Python: `data=urlencode(...).encode()`.
    public mutating func setForm(_ form: URLQuery) {
        // What is sent with a body when a request has no content type of its own.
        removeField("Content-Type")
        body = .bytes(Array(form.urlencoded().utf8))
    }

    /// Makes a form with files the body: `multipart/form-data`.
    ///
    /// - Parameter form: The form, with all contents at hand.
    /// - Throws: ``OpenError`` with `badRequest` when a content is elsewhere; the request is unchanged then.
    ///
    /// The method is POST unless one was given. A Content-Type that was there is replaced. All contents are copied into one
    /// body.
    ///
    /// Python: nothing in its library. RFC 7578.
    public mutating func setForm(_ form: MultipartForm) throws(OpenError) {
        let encoded = form.encoded()
        guard let bytes = encoded.bytes else { throw refusal("the content of a part of the form is elsewhere") }
        try setField("Content-Type", encoded.contentType)
        body = .bytes(bytes)
    }
}
