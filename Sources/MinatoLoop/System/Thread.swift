internal import Glibc

/// A thread of the operating system, for the blocking faces.
package enum Thread {
    private final class Body {
        let kind: LiveObjects
        let run: @Sendable () -> Void
        init(_ kind: LiveObjects, _ run: @escaping @Sendable () -> Void) { (self.kind, self.run) = (kind, run) }
    }

    /// Starts a detached thread with a stack of 512 KiB. Errors: `.resourceUnavailable` (EAGAIN) when the system has no more.
    package static func start(_ run: @escaping @Sendable () -> Void) throws(SocketError) { try start(.thread, run) }

    /// The same, as what the leak check of the tests names it.
    package static func start(_ kind: LiveObjects, _ run: @escaping @Sendable () -> Void) throws(SocketError) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        unsafe pthread_attr_setstacksize(&attributes, 512 * 1024)

        kind.isBorn()
        let body = unsafe Unmanaged.passRetained(Body(kind, run))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                body.run()
                body.kind.isGone()
                return nil
            }, body.toOpaque())
        guard code == 0 else {
            unsafe body.release()
            kind.isGone()
            throw SocketError(.startThread, .init(code))
        }
    }
}
