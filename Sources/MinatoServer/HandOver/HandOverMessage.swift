internal import MinatoSocket

/// The line that goes with a listener on its way to a successor: what is being sent, and whether its path is to be removed.
///
///     minato-listener 1
///     minato-listener 1 path
///
/// It is text so that a successor in another language can skip it up to its newline.
struct HandOverMessage: Equatable {
    private static let prefix = "minato-listener 1"

    /// Whether the successor is to remove the path of a Unix socket when it closes: the sender would have.
    let ownsPath: Bool

    init(ownsPath: Bool) { self.ownsPath = ownsPath }

    /// Nil for anything else.
    init?(_ bytes: [UInt8]) {
        guard let message = [Self(ownsPath: false), Self(ownsPath: true)].first(where: { $0.bytes == bytes }) else {
            return nil
        }
        self = message
    }

    var bytes: [UInt8] { Array((Self.prefix + (ownsPath ? " path\n" : "\n")).utf8) }

    /// No message of a later version is longer.
    static let longest = 64
}
