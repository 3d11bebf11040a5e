internal import Glibc
internal import MinatoSocket

/// A path of the file system at which a Unix socket is, was, or shall be.
struct UnixPath: Sendable {
    let address: SocketAddress
    /// With the NUL at its end.
    private let path: [CChar]

    /// Nil for an address that has no path: an abstract name, no name, another family.
    init?(_ address: SocketAddress) {
        guard address.unixPath != nil, let name = address.unixName else { return nil }
        self.address = address
        path = name.map { CChar(bitPattern: $0) } + [0]
    }

    /// What is at the path itself; nil when nothing is. A symbolic link is not followed.
    var status: stat? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status : nil
    }

    /// Whether a socket is there to which no open socket belongs: its server is gone.
    ///
    /// The kernel is asked with a datagram socket, which disturbs nobody: a datagram server does not notice it, and to a
    /// stream socket it cannot connect. That is refused with EPROTOTYPE if there is such a socket, whether it listens yet or
    /// not, and with ECONNREFUSED if there is none. See connect(2), unix(7).
    var isStale: Bool {
        guard let status, status.st_mode & S_IFMT == S_IFSOCK else { return false }
        do throws(SocketError) {
            try Socket(.unix, .datagram).connect(to: address)
            return false
        } catch {
            return error.code == .connectionRefused
        }
    }

    /// Removes what is there; false when the kernel does not let us.
    func remove() -> Bool { unsafe unlink(path) == 0 || errno == ENOENT }

    /// Sets the mode of what is there, unless it has that mode. A symbolic link is not followed: see fchmodat(2).
    func setMode(_ mode: mode_t) throws(SocketError) {
        if let status, status.st_mode & 0o7777 == mode { return }
        guard unsafe fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw SocketError(.bind, .init(errno), local: address, subject: "permissions")
        }
    }

    /// A lock for taking the path over; nil while another one has it, or when there can be none.
    func lockForTakingOver() -> TakeOverLock? { TakeOverLock(path.dropLast() + TakeOverLock.suffix + [0]) }
}
