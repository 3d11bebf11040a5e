internal import CMinato
internal import Glibc
internal import MinatoSocket

/// The socket at which a server waits. Letting go of it closes the socket and removes the path that it was bound to.
final class Listener: Sendable {
    let socket: Socket
    private let path: Guarded<BoundPath?>

    /// - Parameter ownsPath: whether the socket was bound by this server, so that its path is to be removed.
    init(_ socket: consuming Socket, at address: SocketAddress, ownsPath: Bool) {
        self.socket = socket
        path = Guarded(ownsPath ? UnixPath(address).flatMap(BoundPath.init) : nil)
    }

    /// The path that is to be removed; from now on it is the caller's business.
    func giveUpPath() -> BoundPath? { path.withLock { $0.take() } }

    /// A path to be removed.
    func takePath(_ path: BoundPath) { self.path.withLock { $0 = path } }

    deinit {
        // The path goes first: later it may already be a successor's.
        giveUpPath()?.remove()
    }
}

/// A socket file as it was right after binding.
struct BoundPath: Sendable {
    private let path: UnixPath
    private let device: dev_t
    private let inode: ino_t
    private let forks = minato_thread_forks()

    /// Nil when there is no socket at the path.
    init?(_ path: UnixPath) {
        guard let status = path.status, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        self.path = path
        device = status.st_dev
        inode = status.st_ino
    }

    /// Removes the file if it still is the one that was bound; a file that replaced it stays. In a forked child it is the parent's,
    /// and stays, too.
    func remove() {
        guard minato_thread_forks() == forks else { return }
        if isThere { _ = path.remove() }
    }

    /// Whether the file still is the one that was bound.
    var isThere: Bool {
        guard let status = path.status else { return false }
        return status.st_dev == device && status.st_ino == inode
    }
}
