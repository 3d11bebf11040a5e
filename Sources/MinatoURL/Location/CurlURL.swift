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

    /// A part as text, or nil when the URL has none.
    func get(_ part: CURLUPart, _ flags: Int32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe curl_url_get(handle, part, &text, UInt32(flags)) == CURLUE_OK, let text = unsafe text else {
            return nil
        }
        defer { unsafe curl_free(text) }
        return unsafe String(cString: text)
    }

    /// A part that no URL is without.
    func required(_ part: CURLUPart, _ detail: String) throws(RequestURL.Problem) -> String {
        guard let text = get(part) else { throw RequestURL.Problem(detail: detail) }
        return text
    }
}
