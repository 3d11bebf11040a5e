internal import Glibc

/// A thread of the operating system, for the blocking faces.
package enum Thread {
    private final class Body {
        let kind: LiveObjects
        let run: @Sendable () -> Void
        init(_ kind: LiveObjects, _ run: @escaping @Sendable () -> Void) { (self.kind, self.run) = (kind, run) }
    }

    /// Starts a detached thread with a stack of 512 KiB, or the standard size where that is too little. Errors: `.resourceUnavailable` (EAGAIN) when the system has no more.
    package static func start(_ run: @escaping @Sendable () -> Void) throws(SocketError) { try start(.thread, run) }

    /// The same, as what the leak check of the tests names it.
    package static func start(_ kind: LiveObjects, _ run: @escaping @Sendable () -> Void) throws(SocketError) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let standardSize = unsafe stackSize(&attributes)
        unsafe pthread_attr_setstacksize(&attributes, 512 * 1024)

        kind.isBorn()
        let body = unsafe Unmanaged.passRetained(Body(kind, run))
        var thread = pthread_t()
        var code = unsafe pthread_create(&thread, &attributes, main, body.toOpaque())
        if code == EINVAL {
            // All thread-local variables of all libraries that the process was started with have their place on the stack: too large
            // for this one, they leave nothing of it.
            unsafe pthread_attr_setstacksize(&attributes, standardSize)
            code = unsafe pthread_create(&thread, &attributes, main, body.toOpaque())
        }
        guard code == 0 else {
            unsafe body.release()
            kind.isGone()
            throw SocketError(.startThread, .init(code))
        }
    }

    /// What a thread runs.
    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        guard let argument = unsafe argument else { return nil }
        let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        body.run()
        body.kind.isGone()
        return nil
    }

    private static func stackSize(_ attributes: UnsafePointer<pthread_attr_t>) -> Int {
        var size = 0
        unsafe pthread_attr_getstacksize(attributes, &size)
        return size
    }
}
