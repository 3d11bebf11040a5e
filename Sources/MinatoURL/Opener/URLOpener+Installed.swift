internal import MinatoLoop

extension URLOpener {
    private static let current = Guarded<URLOpener>(URLOpener())

    /// The opener that ``urlopen(_:body:timeout:deadline:)`` and ``urlopenBlocking(_:body:timeout:deadline:)`` use: the one
    /// installed last, at first one with the default handlers.
    public static var installed: URLOpener {
        current.withLock { $0 }
    }

    /// Makes an opener the one that ``urlopen(_:body:timeout:deadline:)`` and
    /// ``urlopenBlocking(_:body:timeout:deadline:)`` use, in the whole process.
    ///
    /// For programs: a library that installs one changes what every other part of the process does, and calls its opener's own
    /// methods instead. Opens that are under way keep the opener they began with. May be called from any thread.
    ///
    /// Python: `urllib.request.install_opener`.
    public static func install(_ opener: URLOpener) {
        current.withLock { $0 = opener }
    }
}
