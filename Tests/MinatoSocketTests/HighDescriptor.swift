import Glibc
import MinatoSocket

/// A copy of a descriptor with a high number, which no other test gets after it was closed.
final class HighDescriptor {
    let number: Int32
    private var isOpen = true

    struct Failure: Error {
        let code: Int32
    }

    /// Copies to the lowest free number that is not below `lowest`.
    init(copyOf descriptor: Int32, from lowest: Int32) throws {
        try Self.raiseLimit()
        number = fcntl(descriptor, F_DUPFD_CLOEXEC, lowest)
        guard number >= 0 else { throw Failure(code: errno) }
    }

    /// Moves a socket there: the only descriptor of what it refers to.
    init(moving socket: consuming Socket, from lowest: Int32) throws {
        try Self.raiseLimit()
        let descriptor = socket.detach()
        number = fcntl(descriptor, F_DUPFD_CLOEXEC, lowest)
        let code = errno
        Glibc.close(descriptor)
        guard number >= 0 else { throw Failure(code: code) }
    }

    /// Gives the number a new meaning: a copy of another descriptor.
    func become(copyOf descriptor: Int32) throws {
        guard dup2(descriptor, number) == number else { throw Failure(code: errno) }
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        isOpen = true
    }

    func close() {
        if isOpen { Glibc.close(number) }
        isOpen = false
    }

    deinit { close() }

    private static func raiseLimit() throws {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw Failure(code: errno)
        }
        if limit.rlim_cur >= 10_000 { return }
        limit.rlim_cur = min(10_000, limit.rlim_max)
        guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw Failure(code: errno)
        }
    }
}
