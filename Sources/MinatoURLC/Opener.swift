// swift-format-ignore-file: AlwaysUseLowerCamelCase

internal import CMinatoURL

// The functions of an opener.

/// See `minato/url.h`.
@c @implementation
public func minato_url_opener_create(_ opener: UnsafeMutablePointer<OpaquePointer?>?) -> Int32 {
    guard let opener = unsafe opener else { return Int32(Failure(.badArgument, "").result) }
    unsafe opener.pointee = Handles.add(OpenerHandle())
    return 0
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_opener_close(_ opener: OpaquePointer?) {
    uncancelled { _ = unsafe Handles.remove(opener, as: OpenerHandle.self) }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_opener_add_credentials(
    _ opener: OpaquePointer?, _ uri: UnsafePointer<CChar>?, _ uri_count: Int, _ realm: UnsafePointer<CChar>?,
    _ realm_count: Int, _ user: UnsafePointer<CChar>?, _ user_count: Int, _ password: UnsafePointer<CChar>?,
    _ password_count: Int
) -> Int32 {
    unsafe perform32(opener, as: OpenerHandle.self) { (opener) throws(Failure) in
        let realmText = unsafe try Texts.read(realm, realm_count, "the realm")
        try opener.addCredentials(
            realm: unsafe realm == nil ? nil : realmText, uri: unsafe try Texts.read(uri, uri_count, "the URI"),
            user: unsafe try Texts.read(user, user_count, "the user name"),
            password: unsafe try Texts.read(password, password_count, "the password"))
        return 0
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_opener_set_trust(
    _ opener: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ count: Int
) -> Int32 {
    unsafe perform32(opener, as: OpenerHandle.self) { (opener) throws(Failure) in
        opener.setTrust(unsafe try Texts.read(path, count, "the path"))
        return 0
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_opener_set_proxy(
    _ opener: OpaquePointer?, _ proxy: UnsafePointer<CChar>?, _ count: Int
) -> Int32 {
    unsafe perform32(opener, as: OpenerHandle.self) { (opener) throws(Failure) in
        try opener.setProxy(unsafe try Texts.read(proxy, count, "the proxy"))
        return 0
    }
}

/// See `minato/url.h`.
@c @implementation
public func minato_url_opener_set_redirects(_ opener: OpaquePointer?, _ follow: Bool) -> Int32 {
    unsafe perform32(opener, as: OpenerHandle.self) { (opener) throws(Failure) in
        opener.setRedirects(follow)
        return 0
    }
}
