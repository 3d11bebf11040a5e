// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import CMinatoURL
internal import MinatoURL

// Making and closing a URL, and what is asked for.

/// See `minato/url.h`.
@c @implementation
public func minato_url_create(_ opener: OpaquePointer?, _ url: UnsafeMutablePointer<OpaquePointer?>?) -> Int32 {
    guard let url = unsafe url else { return Int32(Failure(.badArgument, "").result) }
    unsafe url.pointee = nil
    return uncancelled {
        let handle = unsafe opener == nil ? OpenerHandle.shared : Handles.find(opener, as: OpenerHandle.self)
        guard let handle else { return Int32(Failure(.badHandle, "").result) }
        do throws(Failure) {
            unsafe url.pointee = Handles.add(try URLHandle(handle))
            return 0
        } catch {
            return Int32(error.result)
        }
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_close(_ url: OpaquePointer?) {
    uncancelled { unsafe Handles.remove(url, as: URLHandle.self)?.cancel() }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_cancel(_ url: OpaquePointer?) -> Int32 {
    unsafe perform32(url, as: URLHandle.self) { url in
        url.cancel()
        return 0
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_set_method(_ url: OpaquePointer?, _ method: UnsafePointer<CChar>?, _ count: Int) -> Int32 {
    unsafe perform32(url, as: URLHandle.self) { (url) throws(Failure) in
        let method = unsafe try Texts.read(method, count, "the method")
        try url.change { (request) throws(OpenError) in try request.setMethod(method) }
        return 0
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_add_header(
    _ url: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ name_count: Int, _ value: UnsafePointer<CChar>?,
    _ value_count: Int, _ sensitive: Bool
) -> Int32 {
    unsafe perform32(url, as: URLHandle.self) { (url) throws(Failure) in
        let name = unsafe try Texts.read(name, name_count, "the name")
        let value = unsafe try Texts.read(value, value_count, "the value")
        try url.change { (request) throws(OpenError) in try request.addField(name, value, sensitive: sensitive) }
        return 0
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_set_body(_ url: OpaquePointer?, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int32 {
    unsafe perform32(url, as: URLHandle.self) { (url) throws(Failure) in
        let body = unsafe try Texts.bytes(bytes, count, "the body")
        let hasBody = unsafe bytes != nil
        try url.change { request in request.body = hasBody ? .bytes(body) : nil }
        return 0
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_set_timeout(_ url: OpaquePointer?, _ nanoseconds: Int64) -> Int32 {
    unsafe perform32(url, as: URLHandle.self) { (url) throws(Failure) in
        url.setTimeout(try limit(nanoseconds).map { .nanoseconds($0) })
        return 0
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_set_deadline(_ url: OpaquePointer?, _ nanoseconds: Int64) -> Int32 {
    unsafe perform32(url, as: URLHandle.self) { (url) throws(Failure) in
        url.setTotal(try limit(nanoseconds).map { .nanoseconds($0) })
        return 0
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_set_limit(_ url: OpaquePointer?, _ bytes: Int64) -> Int32 {
    unsafe perform32(url, as: URLHandle.self) { (url) throws(Failure) in
        url.setLimit(try limit(bytes).map { Int(clamping: $0) })
        return 0
    }
}
