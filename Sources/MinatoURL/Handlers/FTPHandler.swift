/// Lets an opener open ftp URLs. No default handler: FTP sends passwords, and everything else, for anybody on the way to read.
///
/// ```swift
/// let opener = URLOpener(FTPHandler())
/// let response = try await opener.open("ftp://ftp.example/pub/README")
/// ```
///
/// The response has status 200, a Content-Type by the end of the file's name, and Content-Length and Last-Modified where the
/// server tells them. A path that ends with a slash is a directory, whose listing comes as `text/plain`, as the server likes to
/// write it. The path begins where the server puts the user; one below the root begins with `//`. Only GET and HEAD are answered,
/// and no field of the request is sent. User name and password are those in the URL, `anonymous` without.
///
/// Connections for data are opened by us (passive mode), to the server's own address alone, whatever address it names; an
/// address policy judges both connections. Every open has a connection of its own, which is closed with it; for tasks it runs in
/// a thread of its own, since libcurl waits for some replies where it stands. Timeouts and deadline hold for each reply, rounded
/// up to whole seconds there. Proxies are not used. TLS is not spoken: `ftps` is no scheme of ours. A redirect never leads
/// here.
///
/// May be shared by openers and threads. Python: `urllib.request.FTPHandler`, which is there by default, and
/// `CacheFTPHandler`. RFC 959, RFC 1738, RFC 2428.
public struct FTPHandler: OpenerHandler {
    /// Makes a handler.
    public init() {}

    /// ``URLOpener/HandlerKind/ftp``.
    public var kind: URLOpener.HandlerKind? { .ftp }

    /// Lets a request for an ftp URL go out, and leaves every other one alone.
    ///
    /// - Throws: ``OpenError`` with `badRequest` for another method than GET and HEAD.
    ///
    /// What the open throws then: `loginDenied`, `fileUnavailable`, `ftpFailed` for what else the server refuses or says, and what
    /// concerns connections and time as for HTTP.
    public func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
        request.allowsFTP = true
        guard request.isForFTP else { return }
        guard request.method == "GET" || request.method == "HEAD" else {
            throw request.refusal("an ftp URL can only be read")
        }
    }
}
