import CMinatoURL
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
}
