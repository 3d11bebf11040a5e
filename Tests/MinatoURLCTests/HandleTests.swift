import CMinatoURL
import Glibc
import MinatoLoop
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURLC

@Suite(.watchdog) struct HandleTests {
    /// What a handle stands for goes with it: C programs have no other way to give it back.
    @Test func closingLetsGo() throws {
        var url: OpaquePointer?
        #expect(unsafe minato_url_create(nil, &url) == 0)
        weak let object = unsafe Handles.find(url, as: URLHandle.self)
        #expect(object != nil)
        unsafe minato_url_close(url)
        #expect(object == nil)

        var opener: OpaquePointer?
        #expect(unsafe minato_url_opener_create(&opener) == 0)
        weak let settings = unsafe Handles.find(opener, as: OpenerHandle.self)
        #expect(settings != nil)
        unsafe minato_url_opener_close(opener)
        #expect(settings == nil)
    }

    /// A response of many bytes is freed with its URL, and the opener of a URL lives as long as that.
    @Test func aURLKeepsItsOpener() throws {
        var opener: OpaquePointer?
        var url: OpaquePointer?
        #expect(unsafe minato_url_opener_create(&opener) == 0)
        #expect(unsafe minato_url_create(opener, &url) == 0)
        weak let settings = unsafe Handles.find(opener, as: OpenerHandle.self)
        unsafe minato_url_opener_close(opener)
        #expect(settings != nil)
        #expect(unsafe minato_url_open(url, "data:,x", 7) == 0)
        unsafe minato_url_close(url)
        #expect(settings == nil)
    }

    /// A thread that is cancelled, as C programs can, goes when the call has ended, and leaves no lock behind: others can close.
    @Test func cancelledThreadsLeaveNothing() throws {
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let port = try listener.localAddress.port ?? 0
        var created: OpaquePointer?
        #expect(unsafe minato_url_create(nil, &created) == 0)
        let url = UInt(bitPattern: created)
        let result = Guarded<Int32?>(nil)
        final class Call: Sendable {
            let run: @Sendable () -> Void
            init(_ run: @escaping @Sendable () -> Void) { self.run = run }
        }
        let call = Call {
            let text = "http://127.0.0.1:\(port)/"
            let code = unsafe minato_url_open(OpaquePointer(bitPattern: url), text, text.utf8.count)
            result.withLockAndWake { $0 = code }
        }
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(call).toOpaque()
        let started = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Call>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, argument)
        #expect(started == 0)
        // It waits for a response that does not come.
        let accepted = try listener.accept()
        #expect(try !accepted.socket.receive(atMost: 1).isEmpty)
        #expect(pthread_cancel(thread) == 0)
        unsafe minato_url_close(OpaquePointer(bitPattern: url))
        #expect(pthread_join(thread, nil) == 0)
        #expect(result.withLock { $0 } == -Int32(MINATO_URL_CANCELLED))
    }
}
