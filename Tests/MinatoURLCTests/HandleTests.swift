import CMinatoURL
import Glibc
import MinatoLoop
import MinatoSocket
import Synchronization
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
        let url = unsafe try Self.made()
        let result = Guarded<Int32?>(nil)
        let thread = try CThread {
            let text = "http://127.0.0.1:\(port)/"
            let code = unsafe minato_url_open(OpaquePointer(bitPattern: url), text, text.utf8.count)
            result.withLockAndWake { $0 = code }
        }
        // It waits for a response that does not come.
        let accepted = try listener.accept()
        #expect(try !accepted.socket.receive(atMost: 1).isEmpty)
        thread.cancel()
        unsafe minato_url_close(OpaquePointer(bitPattern: url))
        thread.join()
        #expect(result.withLock { $0 } == -Int32(MINATO_URL_CANCELLED))
    }

    /// So does one that is cancelled before it closes a response that is half read, or an opener with a connection that is kept:
    /// closing is done, and the connection with it.
    @Test(arguments: [false, true]) func cancelledThreadsClose(_ isOpener: Bool) throws {
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let port = try listener.localAddress.port ?? 0
        var made: OpaquePointer?
        #expect(unsafe minato_url_opener_create(&made) == 0)
        let opener = UInt(bitPattern: made)
        let url = unsafe try Self.made(made)
        // Looked at without a call in which a thread can be cancelled.
        let (isThere, goes, hasClosed) = (Flag(), Flag(), Flag())
        let thread = try CThread {
            let text = "http://127.0.0.1:\(port)/"
            let opened = unsafe minato_url_open(OpaquePointer(bitPattern: url), text, text.utf8.count)
            #expect(opened == 0)
            var byte: UInt8 = 0
            let count = unsafe minato_url_read_some(OpaquePointer(bitPattern: url), &byte, 1)
            #expect(count == 1)
            if isOpener { unsafe minato_url_close(OpaquePointer(bitPattern: url)) }
            isThere.set()
            goes.wait()
            if isOpener {
                unsafe minato_url_opener_close(OpaquePointer(bitPattern: opener))
            } else {
                unsafe minato_url_close(OpaquePointer(bitPattern: url))
            }
            hasClosed.set()
        }
        let accepted = try listener.accept()
        #expect(try !accepted.socket.receive(atMost: 1).isEmpty)
        try accepted.socket.sendAll(Array("HTTP/1.1 200 OK\r\nContent-Length: \(isOpener ? 1 : 2)\r\n\r\nx".utf8))
        isThere.wait()
        thread.cancel()
        goes.set()
        thread.join()
        try #require(hasClosed.isSet)
        // The request, and the end of the connection.
        while try !accepted.socket.receive(atMost: 4096).isEmpty {}
        unsafe minato_url_opener_close(OpaquePointer(bitPattern: opener))
    }

    /// Whoever asks for the headers while the next response comes gets those of one of both, and the next one has its own.
    @Test func headersGoWithTheirResponse() throws {
        let url = unsafe try Self.made()
        let isOver = Guarded(false)
        let askers = try (0..<2).map { _ in
            try Background {
                while !isOver.withLock({ $0 }) { _ = unsafe minato_url_header_count(OpaquePointer(bitPattern: url)) }
            }
        }
        for turn in 0..<3000 {
            let kind = turn % 2 == 0 ? "even" : "odd"
            let text = "data:text/\(kind),x"
            let opened = unsafe minato_url_open(OpaquePointer(bitPattern: url), text, text.utf8.count)
            #expect(opened == 0)
            var value = [UInt8](repeating: 0, count: 32)
            let name = "content-type"
            let count = unsafe minato_url_header(
                OpaquePointer(bitPattern: url), name, name.utf8.count, &value, value.count)
            guard count == 5 + kind.utf8.count, value.starts(with: "text/\(kind)".utf8) else {
                Issue.record("\(text): \(String(decoding: value, as: UTF8.self))")
                break
            }
        }
        isOver.withLock { $0 = true }
        for asker in askers { try asker.join() }
        unsafe minato_url_close(OpaquePointer(bitPattern: url))
    }

    /// A handle, as a number that other threads can have.
    private static func made(_ opener: OpaquePointer? = nil) throws -> UInt {
        var url: OpaquePointer?
        #expect(unsafe minato_url_create(opener, &url) == 0)
        return UInt(bitPattern: url)
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set() { value.store(true, ordering: .releasing) }

    func wait() { while !isSet { sched_yield() } }
}

/// A thread as C programs have them: it can be cancelled.
private struct CThread {
    private final class Call: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private var thread = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) throws {
        let argument = unsafe Unmanaged.passRetained(Call(body)).toOpaque()
        let started = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Call>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, argument)
        #expect(started == 0)
    }

    func cancel() { #expect(pthread_cancel(thread) == 0) }

    func join() { #expect(pthread_join(thread, nil) == 0) }
}
