internal import CLibcurl

/// A handle of libcurl's URL parser.
///
/// See curl_url(3).
@safe
struct CurlURL: ~Copyable {
    private let handle: OpaquePointer

    /// Fails only when there is no memory.
    init?() {
        guard let handle = unsafe curl_url() else { return nil }
        unsafe self.handle = handle
    }

    deinit {
        unsafe curl_url_cleanup(handle)
    }

    /// Sets a part, or removes it with nil.
    ///
    /// The caller has made sure that there is no NUL in the text.
    func set(_ part: CURLUPart, _ value: String?) throws(RequestURL.Problem) {
        // The scheme is checked by us: an unsupported one is told apart from a malformed URL. Dot segments stay.
        let flags = UInt32(CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS)
        let code =
            if let value {
                unsafe curl_url_set(handle, part, value, flags)
            } else {
                unsafe curl_url_set(handle, part, nil, flags)
            }
        guard code == CURLUE_OK else {
            let detail = unsafe String(cString: curl_url_strerror(code))
            throw RequestURL.Problem(detail: detail, curlCode: Int32(code.rawValue))
        }
    }

    /// Has an easy handle of libcurl use it, as long as it lives and the handle is not reset.
    func use(in easy: UnsafeMutableRawPointer) -> CURLcode { unsafe minato_curl_set_url(easy, handle) }

    /// A part as text, or nil when the URL has none, or it cannot be decoded.
    ///
    /// - Throws: only for want of memory: a part that is there must not be taken for one that is not.
    func get(_ part: CURLUPart, _ flags: Int32 = 0) throws(RequestURL.Problem) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        let code = unsafe curl_url_get(handle, part, &text, UInt32(flags))
        if code == CURLUE_OUT_OF_MEMORY { throw .outOfMemory }
        guard code == CURLUE_OK, let text = unsafe text else { return nil }
        defer { unsafe curl_free(text) }
        return unsafe String(cString: text)
    }

    /// A part that no URL is without.
    func required(_ part: CURLUPart, _ detail: String) throws(RequestURL.Problem) -> String {
        guard let text = try get(part) else { throw RequestURL.Problem(detail: detail) }
        return text
    }
}
