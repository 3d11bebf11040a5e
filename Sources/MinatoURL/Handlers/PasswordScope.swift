/// A place that a password holds for: an origin, and a path that stands for itself and all below it.
struct PasswordScope: Hashable, Sendable {
    private let origin: Origin
    private let path: String

    /// Reads a URI, or an authority with or without a path, which is taken for https.
    ///
    /// Fails for what is neither.
    init?(_ uri: String) {
        let hasScheme = URLSplit(uri).authority != nil && uri.utf8.first != UInt8(ascii: "/")
        guard let location = try? RequestURL(parsing: hasScheme ? uri : "https://" + uri) else { return nil }
        self.init(of: location)
    }

    /// The place of a URL that was read already.
    init(of location: RequestURL) {
        origin = location.origin
        path = URLSplit.removingDotSegments(PercentEncoding.decodeUnreserved(location.path))
    }

    /// Whether a place lies here: the same, or below at a segment border.
    func covers(_ place: PasswordScope) -> Bool {
        guard origin == place.origin else { return false }
        let prefix = path.utf8.last == UInt8(ascii: "/") ? path : path + "/"
        return place.path.utf8.elementsEqual(path.utf8) || place.path.utf8.starts(with: prefix.utf8)
    }
}
