internal import CLibcurl

/// What the linked libcurl can decode.
enum CurlDecoder {
    /// For the field Accept-Encoding; nil when it can decode nothing.
    static let acceptEncoding: String? = {
        let features = minato_curl_features()
        var names: [String] = []
        if features & CURL_VERSION_LIBZ != 0 { names += ["gzip", "deflate"] }
        if features & CURL_VERSION_BROTLI != 0 { names.append("br") }
        if features & CURL_VERSION_ZSTD != 0 { names.append("zstd") }
        return names.isEmpty ? nil : names.joined(separator: ", ")
    }()
}
