// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import CMinatoURL
internal import MinatoURL

// Opening and reading, and what there is to know about a response.

/// See `minato/url.h`.
@c @implementation
public func minato_url_open(_ url: OpaquePointer?, _ text: UnsafePointer<CChar>?, _ count: Int) -> Int32 {
    unsafe perform32(url, as: URLHandle.self) { (url) throws(Failure) in
        try url.open(unsafe try Texts.read(text, count, "the URL"))
        return 0
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_read(_ url: OpaquePointer?, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int64 {
    unsafe read(url, buffer, count, isExact: true)
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_read_some(_ url: OpaquePointer?, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int64 {
    unsafe read(url, buffer, count, isExact: false)
}

private func read(_ url: OpaquePointer?, _ buffer: UnsafeMutableRawPointer?, _ count: Int, isExact: Bool) -> Int64 {
    unsafe perform(url, as: URLHandle.self) { (url) throws(Failure) in
        let memory = unsafe try Texts.memory(buffer, count)
        let bytes = try url.read(count, isExact: isExact)
        unsafe memory.copyBytes(from: bytes)
        return Int64(bytes.count)
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_status(_ url: OpaquePointer?) -> Int32 {
    unsafe perform32(url, as: URLHandle.self, noting: false) { (url) throws(Failure) in try url.response.status }
}

/// Writes a text about a URL.
private func write(
    _ url: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ text: (URLHandle) throws(Failure) -> [UInt8]
) -> Int64 {
    unsafe perform(url, as: URLHandle.self, noting: false) { (url) throws(Failure) in
        unsafe try Texts.write(try text(url), buffer, capacity)
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_reason(_ url: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Int64 {
    unsafe write(url, buffer, capacity) { (url) throws(Failure) in Array(try url.response.reason.utf8) }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_location(
    _ url: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int
) -> Int64 {
    unsafe write(url, buffer, capacity) { (url) throws(Failure) in Array(try url.response.url.utf8) }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_header(
    _ url: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ name_count: Int, _ buffer: UnsafeMutablePointer<CChar>?,
    _ capacity: Int
) -> Int64 {
    unsafe write(url, buffer, capacity) { (url) throws(Failure) in
        try url.header(unsafe try Texts.read(name, name_count, "the name"))
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_header_count(_ url: OpaquePointer?) -> Int32 {
    unsafe perform32(url, as: URLHandle.self, noting: false) { (url) throws(Failure) in try url.headers.count }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_header_name(
    _ url: OpaquePointer?, _ index: Int, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int
) -> Int64 {
    unsafe write(url, buffer, capacity) { (url) throws(Failure) in try url.header(index).name }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_header_value(
    _ url: OpaquePointer?, _ index: Int, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int
) -> Int64 {
    unsafe write(url, buffer, capacity) { (url) throws(Failure) in try url.header(index).value }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_error_text(
    _ url: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int
) -> Int64 {
    unsafe write(url, buffer, capacity) { url in Array(url.errorText.utf8) }
}
