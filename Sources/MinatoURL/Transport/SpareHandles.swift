/// Handles that no transfer uses, set up for the last one, to be used as they are.
///
/// Others are not kept: on a connection of HTTP/2 that other streams use, libcurl 7.88 leaves a handle its buffer, and refuses
/// to set how large that is.
final class SpareHandles: Sendable {
    /// As many are kept.
    private static let maximum = 256

    private let all = Guarded<[CurlEasy]>([])

    /// Takes one that is set up for the next transfer, if there is one.
    func take(for setting: CurlSetting) -> CurlEasy? {
        all.withLock { all in
            all.lastIndex { $0.setting?.suits(setting) == true }.map { all.remove(at: $0) }
        }
    }

    /// Keeps one that is set up. The one that was used longest ago goes.
    func keep(_ easy: CurlEasy) {
        guard easy.setting != nil else { return }
        // Outside the lock.
        let surplus = all.withLock { all in
            all.append(easy)
            return all.count > Self.maximum ? all.removeFirst() : nil
        }
        _ = surplus
    }
}
