"""Which errors each system call may answer with: the man pages of section 2, and what ip(7), tcp(7), udp(7) and unix(7) add."""

_SOCKET = "EBADF ENOTSOCK"
# What waits on a socket as its pending error, and comes with the next call: ip(7), tcp(7), accept(2).
_PENDING = "ECONNREFUSED ECONNRESET EHOSTUNREACH ENETUNREACH ETIMEDOUT ENETDOWN"
_SENDING = (f"{_SOCKET} {_PENDING} EACCES EAGAIN EDESTADDRREQ EFAULT EINTR EINVAL EISCONN EMSGSIZE ENOBUFS ENOMEM"
            " ENOTCONN EOPNOTSUPP EPERM EPIPE EAFNOSUPPORT")
_RECEIVING = f"{_SOCKET} {_PENDING} EAGAIN EFAULT EINTR EINVAL ENOMEM ENOTCONN"
_WAITING = "EFAULT EINTR EINVAL"

ALLOWED = {name: errors.split() for name, errors in {
    "socket": "EACCES EAFNOSUPPORT EINVAL EMFILE ENFILE ENOBUFS ENOMEM EPROTONOSUPPORT",
    "socketpair": "EAFNOSUPPORT EFAULT EMFILE ENFILE EOPNOTSUPP EPROTONOSUPPORT",
    "bind": f"{_SOCKET} EACCES EADDRINUSE EADDRNOTAVAIL EFAULT EINVAL ENOMEM",
    "listen": f"{_SOCKET} EADDRINUSE EOPNOTSUPP",
    "accept4": f"{_SOCKET} EAGAIN ECONNABORTED EFAULT EINTR EINVAL EMFILE ENFILE ENOBUFS ENOMEM EOPNOTSUPP EPERM EPROTO"
               " ENETDOWN ENOPROTOOPT EHOSTDOWN ENONET EHOSTUNREACH ENETUNREACH ETIMEDOUT",
    "connect": f"{_SOCKET} EACCES EPERM EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY ECONNREFUSED EFAULT"
               " EINPROGRESS EINTR EISCONN EHOSTUNREACH ENETUNREACH EPROTOTYPE ETIMEDOUT",
    "sendto": _SENDING,
    "sendmsg": _SENDING,
    "sendmmsg": _SENDING,
    "recvfrom": _RECEIVING,
    "recvmsg": _RECEIVING,
    "recvmmsg": _RECEIVING,
    "getsockopt": f"{_SOCKET} EFAULT EINVAL ENOPROTOOPT",
    "setsockopt": f"{_SOCKET} EFAULT EINVAL ENOPROTOOPT ENOBUFS ENOMEM EPERM",
    "getsockname": f"{_SOCKET} EFAULT EINVAL ENOBUFS",
    "getpeername": f"{_SOCKET} EFAULT EINVAL ENOBUFS ENOTCONN",
    "shutdown": f"{_SOCKET} EINVAL ENOTCONN",
    "poll": f"{_WAITING} ENOMEM",
    "ppoll": f"{_WAITING} ENOMEM",
    "select": "EBADF EINTR EINVAL ENOMEM",
    "pselect6": "EBADF EINTR EINVAL ENOMEM",
    "epoll_create1": "EINVAL EMFILE ENFILE ENOMEM",
    "epoll_ctl": "EBADF EEXIST EINVAL ELOOP ENOENT ENOMEM ENOSPC EPERM",
    "epoll_wait": f"{_WAITING} EBADF",
    "epoll_pwait": f"{_WAITING} EBADF",
    "epoll_pwait2": f"{_WAITING} EBADF ENOSYS",
    "eventfd2": "EINVAL EMFILE ENFILE ENODEV ENOMEM",
    "signalfd4": "EBADF EINVAL EMFILE ENFILE ENODEV ENOMEM",
    "read": "EAGAIN EBADF EFAULT EINTR EINVAL EIO",
    "readv": "EAGAIN EBADF EFAULT EINTR EINVAL EIO",
    # Those of eventfd(2), beside write(2): the disk's belong to files.
    "write": "EBADF EFAULT EINTR EINVAL EIO EPIPE ECONNRESET",
    "writev": "EBADF EFAULT EINTR EINVAL EIO EPIPE ECONNRESET",
    "sendfile": "EAGAIN EBADF EFAULT EINTR EINVAL EIO ENOMEM EOVERFLOW ESPIPE EPIPE ECONNRESET",
    "fcntl": "EBADF EINVAL EMFILE",
    "ioctl": "EBADF EFAULT EINVAL ENOTTY",
    "dup": "EBADF EMFILE ENOMEM",
    "dup3": "EBADF EBUSY EINTR EINVAL EMFILE",
    "pipe2": "EFAULT EINVAL EMFILE ENFILE",
    "clone3": "EAGAIN ENOMEM",
    "close": "EBADF EINTR EIO ENOSPC EDQUOT",
}.items()}

# Those that make descriptors, or threads, and name none that is a socket already.
MAKING = {"socket", "socketpair", "epoll_create1", "eventfd2", "signalfd4", "pipe2", "clone3"}
# After these fail for ever a program can only end.
WAITS = {"epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll"}
# Without one of these a server cannot go on: it may end with an error that says so.
ENDING = MAKING | {"bind", "listen", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "fcntl"}
# The errors of a descriptor that is not what the program thinks: a server whose own socket has them may end, too.
UNUSABLE = {"EBADF", "ENOTSOCK", "EINVAL"}
# Errors that Minato meets with a pause, 5 ms at first, doubled to a second: twenty of them in a row take long.
SCARCITY = {
    # The runtime's own threads: it tries again each second.
    "clone3": {"EAGAIN", "ENOMEM"},
    # The blocking face asks for the flags of its listener each time.
    "fcntl": {"EMFILE"},
    "accept4": {"EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EFAULT"},
    "recvmmsg": {"ENOMEM", "EFAULT", "ENOTCONN"}, "recvmsg": {"ENOMEM", "EFAULT", "ENOTCONN"},
    "recvfrom": {"ENOMEM", "EFAULT", "ENOTCONN"},
    "sendmmsg": {"ENOMEM", "ENOBUFS"}, "sendmsg": {"ENOMEM", "ENOBUFS"}, "sendto": {"ENOMEM", "ENOBUFS"},
}


def is_unreal(call, error):
    """Lies that the kernel does not tell, and that nobody can see through.

    A connect that was interrupted, or is under way, goes on in the kernel; an injected one was never begun. A write to an
    eventfd that fails for another reason than a signal has a descriptor that somebody else has closed, and nothing reaches
    the thread that waits for it."""
    return call == "connect" and error in {"EINTR", "EINPROGRESS", "EALREADY", "EISCONN"} or (
        call == "write" and error != "EINTR")
