internal import CMinato

/// The system call that a ``Selector`` waits with.
public enum SelectorBackend: Hashable, Sendable {
    /// epoll(7), Linux's own: its cost does not grow with the number of descriptors. Python: `selectors.EpollSelector`.
    case epoll
    /// poll(2), the portable one. It takes regular files too, which are always ready. Python: `selectors.PollSelector`.
    case poll

    /// The best one of this system: `.epoll`. Python: `selectors.DefaultSelector`.
    public static var `default`: SelectorBackend { .epoll }

    var rawValue: Int32 {
        switch self {
        case .epoll: Int32(MINATO_POLLER_EPOLL)
        case .poll: Int32(MINATO_POLLER_POLL)
        }
    }

    init(rawValue: Int32) { self = rawValue == Int32(MINATO_POLLER_POLL) ? .poll : .epoll }
}
