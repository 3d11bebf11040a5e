/// Types of content by the ends of the names of files.
enum MediaType {
    /// For what nobody knows (RFC 2046 section 4.5.1).
    static let unknown = "application/octet-stream"

    private static let byEnd = [
        "aac": "audio/aac", "avif": "image/avif", "bmp": "image/bmp", "bz2": "application/x-bzip2", "c": "text/x-c",
        "css": "text/css", "csv": "text/csv", "gif": "image/gif", "gz": "application/gzip", "h": "text/x-c",
        "htm": "text/html", "html": "text/html", "ico": "image/x-icon", "jpeg": "image/jpeg", "jpg": "image/jpeg",
        "js": "text/javascript", "json": "application/json", "md": "text/markdown", "mjs": "text/javascript",
        "mp3": "audio/mpeg", "mp4": "video/mp4", "mpeg": "video/mpeg", "oga": "audio/ogg", "ogg": "audio/ogg",
        "ogv": "video/ogg", "otf": "font/otf", "pdf": "application/pdf", "png": "image/png", "py": "text/x-python",
        "rtf": "application/rtf", "svg": "image/svg+xml", "tar": "application/x-tar", "tif": "image/tiff",
        "tiff": "image/tiff", "ttf": "font/ttf", "txt": "text/plain", "wasm": "application/wasm", "wav": "audio/wav",
        "webm": "video/webm", "webp": "image/webp", "woff": "font/woff", "woff2": "font/woff2",
        "xhtml": "application/xhtml+xml", "xml": "text/xml", "xz": "application/x-xz", "zip": "application/zip",
        "zst": "application/zstd",
    ]

    /// The type of the file that a path leads to, without regard to case.
    static func ofFile(named path: String) -> String {
        let name =
            path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last ?? path.utf8[...]
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex else { return unknown }
        return byEnd[String(Substring(name[name.index(after: dot)...])).lowercased()] ?? unknown
    }
}
