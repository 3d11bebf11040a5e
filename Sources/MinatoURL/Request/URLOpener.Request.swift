extension URLOpener {
    /// What is asked of a server: a URL, a method, fields, and perhaps a body.
    ///
    /// ```swift
    /// var request = try URLOpener.Request("http://127.0.0.1:8000/items", body: Array("name=port".utf8))
    /// try request.setField("Accept", "application/json")
    /// try request.setField("X-Api-Key", key, sensitive: true)
    /// let response = try urlopenBlocking(request)
    /// ```
    ///
    /// Everything is checked when it is set, and refused with an ``OpenError`` when HTTP does not allow it; nothing is mended
    /// silently. Names keep their case, fields their order, and a name may occur several times.
    ///
    /// Sent unless the request has its own: `User-Agent: minato/<version>`, `Accept-Encoding` (see ``Decoding``), and with a
    /// body `Content-Type: application/x-www-form-urlencoded`, for files and streams `application/octet-stream`. `Host` and
    /// `Content-Length` follow from the URL and the body.
    ///
    /// Python: `urllib.request.Request`, which rewrites names ("X-api-key") and keeps one value for each.
    public struct Request: Sendable {
        /// All of it. Requests are copied for each handler.
        struct Parts: Sendable {
            var location: RequestURL
            var fields: [Field] = []
            var explicitMethod: String?
            var isDecoded = false
            var proxy: Box<Proxy>?
            var allowsFTP = false
            var body: Box<Body>?
            var expectsContinue = false
            var saysIdempotent: Bool?
            var skipsPeerVerification = false
        }
        private var parts: Box<Parts>

        package var location: RequestURL { parts.value.location }
        package var fieldList: [Field] { parts.value.fields }

        /// Whether the encodings that it accepts were not its own choice, and so are decoded.
        var isDecoded: Bool { parts.value.isDecoded }

        /// The proxy that the request goes through, or nil for none: the choice of ``ProxyHandler``, made for each hop.
        package var proxy: Proxy? {
            get { parts.value.proxy?.value }
            set {
                if newValue != nil || hasProxy { parts.change { $0.proxy = newValue.map(Box.init) } }
            }
        }
        /// The same as it is kept.
        var proxyBox: Box<Proxy>? { parts.value.proxy }
        /// Whether there is one.
        var hasProxy: Bool { parts.value.proxy != nil }

        /// Whether there is a handler for ftp URLs.
        var allowsFTP: Bool {
            get { parts.value.allowsFTP }
            set { parts.change { $0.allowsFTP = newValue } }
        }
        /// Whether an FTP server is asked.
        var isForFTP: Bool { allowsFTP && location.origin.scheme == RequestURL.ftpScheme }

        /// The body, or nil for none.
        ///
        /// An empty body is a body: its length 0 is sent.
        ///
        /// Setting one makes the method POST unless a method was given.
        ///
        /// Python: `data`.
        public var body: Body? {
            get { parts.value.body?.value }
            set { parts.change { $0.body = newValue.map(Box.init) } }
        }
        /// Whether there is one.
        var hasBody: Bool { parts.value.body != nil }

        /// Whether to ask the server for leave before the body is sent (`Expect: 100-continue`).
        ///
        /// Then a server that refuses does so before it has to receive the body. One that says nothing for a second gets it all
        /// the same; after one that knows nothing of it (417) the request is sent again without. Only with a body, and over
        /// HTTP/1.1. Default: false. RFC 9110 section 10.1.1.
        public var expectsContinue: Bool {
            get { parts.value.expectsContinue }
            set { parts.change { $0.expectsContinue = newValue } }
        }

        /// Whether a server may get the request twice and be none the worse, so that it may be sent again when nobody knows
        /// what became of it.
        ///
        /// By its method: true for GET, HEAD, OPTIONS, TRACE, PUT and DELETE. Set it to true for a POST that the server
        /// recognizes by a key, and to false for a GET that does something. RFC 9110 section 9.2.2.
        public var isIdempotent: Bool {
            get { parts.value.saysIdempotent ?? ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"].contains(method) }
            set { parts.change { $0.saysIdempotent = newValue } }
        }

        /// Whether **any** certificate is accepted, of anybody, for anything: whoever sits on the way can read and change
        /// everything. Default: false.
        ///
        /// For this request alone, and for redirects to the same scheme, host and port. Its connections and TLS sessions are
        /// never used for requests that verify, nor theirs for it. A proxy on the way is verified all the same. It shows: in the description of the request, and in
        /// ``URLOpener/ConnectionInfo/isPeerVerified`` of the response. For a server with a certificate of one's own, name
        /// its issuer in ``URLOpener/TLS/trust`` instead.
        ///
        /// Python: `ssl._create_unverified_context`.
        public var skipsPeerVerification: Bool {
            get { parts.value.skipsPeerVerification }
            set { parts.change { $0.skipsPeerVerification = newValue } }
        }

        /// Makes a request.
        ///
        /// - Parameters:
        ///   - url: A URL of any scheme; all but http, https and `data:` need a handler that answers when it is opened. A user
        ///     name and password in it (`http://user:pw@host/`) are taken out: they are neither sent nor shown, and used only to
        ///     answer a challenge (401, Basic or Digest) of that same scheme, host and port over http and https, or to log in by
        ///     FTP. Non-ASCII in path and query is percent-encoded as UTF-8; spaces and controls are refused. A URL of a scheme that
        ///     Minato does not know is read in the same way when it has `//` and a host (`gopher://host:70/x`), and is taken as it is
        ///     otherwise (`mem:x`). Then it must not have an `@`, before which a password could stand, nor a number from the colon
        ///     to the first slash: `localhost:80/` lacks its scheme.
        ///   - method: The method, case-sensitive, or nil: GET, or POST when there is a body.
        ///   - body: The body, or nil for none.
        /// - Throws: ``OpenError`` with `badURL`, `badCredentials` or `badRequest`. A host that does not exist is not an error
        ///   here, nor is a scheme that nobody answers.
        ///
        /// Python: `Request(url, data, method=...)`.
        public init(_ url: String, method: String? = nil, body: Body? = nil) throws(OpenError) {
            parts = Box(Parts(location: try RequestURL(ofRequest: url), body: body.map(Box.init)))
            try location.userInformation?.check(url: location.text)
            if let method { try setMethod(method) }
        }

        /// Makes a request whose body is bytes.
        ///
        /// - Parameters:
        ///   - url: As in ``init(_:method:body:)-(_,_,URLOpener.Request.Body?)``.
        ///   - method: As there.
        ///   - body: The bytes, or nil for no body.
        /// - Throws: As there.
        public init(_ url: String, method: String? = nil, body: [UInt8]?) throws(OpenError) {
            try self.init(url, method: method, body: body.map(Body.bytes))
        }

        /// The URL, with its fragment, without user name and password.
        ///
        /// Python: `full_url`.
        public var url: String { location.text }

        /// The method.
        ///
        /// Python: `get_method()`.
        public var method: String { parts.value.explicitMethod ?? (hasBody ? "POST" : "GET") }

        /// Sets the URL and keeps everything else, fields included: a handler that leads to another host has to remove what
        /// that host must not see.
        ///
        /// - Parameter url: As in ``init(_:method:body:)-(_,_,URLOpener.Request.Body?)``.
        /// - Throws: As there, with `badURL` or `badCredentials`; the request is unchanged then.
        ///
        /// Python: setting `full_url`.
        public mutating func setURL(_ url: String) throws(OpenError) {
            let location = try RequestURL(ofRequest: url)
            try location.userInformation?.check(url: location.text)
            parts.change { $0.location = location }
        }

        /// Sets the method.
        ///
        /// - Parameter method: A token, sent as it is.
        /// - Throws: ``OpenError`` with `badRequest` when it is no token, or CONNECT, which asks for a tunnel; the request is
        ///   unchanged then.
        ///
        /// Python: the argument `method` of `Request`.
        public mutating func setMethod(_ method: String) throws(OpenError) {
            guard HTTPSyntax.isToken(method.utf8), method != "CONNECT" else {
                throw refusal("the method is not one that can be sent")
            }
            parts.change { $0.explicitMethod = method }
        }

        /// Whether nothing was changed since one was copied from the other. False tells nothing.
        func isCopy(of other: Self) -> Bool { parts.isCopy(of: other.parts) }

        /// Changes several of its parts at once, which have been checked.
        mutating func change(_ body: (inout Parts) -> Void) { parts.change(body) }

        func refusal(_ detail: String) -> OpenError {
            OpenError(.badRequest, .prepare, url: location.text, detail: detail)
        }
    }
}

// The fields.
extension URLOpener.Request {
    /// The fields in the order in which they are sent.
    ///
    /// Python: `header_items()`.
    public var fields: [Field] { fieldList }

    /// Adds a field, beside others of the same name.
    ///
    /// - Parameters:
    ///   - name: A token; its case is kept.
    ///   - value: Text without controls other than tab; may be empty. Non-ASCII is sent as UTF-8. A Referer loses user name,
    ///     password and fragment of its URL.
    ///   - sensitive: Whether the value is a secret: never shown, and dropped when a redirect changes scheme, host or port.
    ///     Authorization, Cookie and Proxy-Authorization always are.
    ///   - unredirected: Whether the field belongs to this URL alone and is dropped by every redirect.
    /// - Throws: ``OpenError`` with `badRequest`, which names the field but not its value; also for a field that the library
    ///   writes itself (Content-Length, Transfer-Encoding, TE, Trailer, Expect, Upgrade, HTTP2-Settings).
    ///
    /// Python: `add_header`, `add_unredirected_header`.
    public mutating func addField(
        _ name: String, _ value: String, sensitive: Bool = false, unredirected: Bool = false
    ) throws(OpenError) {
        let value = HTTPSyntax.areEqual(name, "Referer") ? RefererField.withoutSecrets(value) : value
        try add(Field(name: name, value: value, isSensitive: sensitive, isUnredirected: unredirected))
    }

    /// Adds a field that was made elsewhere, by the same rules.
    mutating func add(_ field: Field) throws(OpenError) {
        let name = field.name
        guard HTTPSyntax.isToken(name.utf8) else { throw refusal("a field name is not a token") }
        guard HTTPSyntax.isFieldValue(field.value) else {
            throw refusal("the value of the field \(name) has a control")
        }
        guard !HTTPSyntax.isReserved(name) else { throw refusal("the field \(name) is not for requests to set") }
        append(field)
    }

    /// Adds a field that has been checked.
    mutating func append(_ field: Field) { change { $0.fields.append(field) } }

    /// Sets a field, in place of all others of the same name.
    ///
    /// - Parameters:
    ///   - name: As in ``addField(_:_:sensitive:unredirected:)``.
    ///   - value: As there.
    ///   - sensitive: As there.
    ///   - unredirected: As there.
    /// - Throws: As there; the request is unchanged then.
    ///
    /// Python: `add_header`.
    public mutating func setField(
        _ name: String, _ value: String, sensitive: Bool = false, unredirected: Bool = false
    ) throws(OpenError) {
        var changed = self
        changed.removeField(name)
        try changed.addField(name, value, sensitive: sensitive, unredirected: unredirected)
        self = changed
    }

    /// Removes all fields of a name; none is fine.
    ///
    /// Python: `remove_header`.
    public mutating func removeField(_ name: String) {
        removeFields { $0.isNamed(name) }
    }

    /// Removes the fields that the condition holds for; none is fine.
    public mutating func removeFields(where condition: (Field) -> Bool) {
        change { $0.fields.removeAll(where: condition) }
    }

    /// The value of the first field of a name, without regard to case, or nil.
    ///
    /// Python: `get_header`, `has_header`.
    public func field(_ name: String) -> String? {
        fieldList.first { $0.isNamed(name) }?.value
    }
}

extension URLOpener.Request: CustomStringConvertible, CustomReflectable {
    /// Method and URL, and a warning when any peer is accepted.
    public var description: String {
        "\(method) \(url)" + (skipsPeerVerification ? " (PEER NOT VERIFIED)" : "")
    }

    /// Method, URL and fields as they may be shown; not the body, which may be a password form.
    public var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "method": method, "url": url, "fields": fieldList, "body": body as Any,
                "skipsPeerVerification": skipsPeerVerification,
            ])
    }
}
