extension URLOpener {
    /// Whether bodies come compressed, and how much may become of them.
    ///
    /// Servers are told (`Accept-Encoding`) what the linked libcurl can decode: gzip and deflate, and where it was built with
    /// them br and zstd. A body that comes encoded is read decoded. Its fields stay as they were sent: Content-Encoding names
    /// what it was encoded with, and Content-Length counts the encoded bytes; ``URLOpener/ResponseHead/isDecoded`` tells.
    ///
    /// A request that has an Accept-Encoding or Range of its own gets what it asked for, as it comes.
    ///
    /// Where bodies are large and not compressed anyway, switch it off, or have requests say `Accept-Encoding: identity`: to be
    /// ready for a body that grows, libcurl then reads in small pieces, which takes more than twice the processor time.
    ///
    /// That the encoding itself breaks off, in a body that is whole by its Content-Length or chunks, libcurl does not notice.
    ///
    /// Python: never asks for encodings, and decodes none.
    public struct Decoding: Hashable, Sendable {
        /// Whether to ask for encodings and to decode. Default: true.
        public var isEnabled = true

        /// How many bytes of a body may become of one that was received; more ends it with `decodedTooLarge`. The first MiB is
        /// free. Default: 1000, about what gzip can do at most. What is below 1 counts as 1.
        public var maximumRatio = 1000

        /// How many bytes a decoded body may have; more ends it with `decodedTooLarge`. Default: nil, no limit: reading says
        /// how much is wanted.
        public var maximumCount: Int?

        /// The defaults.
        public init() {}
    }
}
