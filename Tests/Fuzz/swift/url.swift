// URLs from any text: parts make the whole again, joining comes to an end, and no password is shown.
@testable import MinatoURL

private let bases = ["http://user:canary@host/a/b;c?q#f", "file:///a/../b", "x:opaque", "http://[::1]:80", ""]

/// Takes one input from libFuzzer.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let text = String(decoding: UnsafeBufferPointer(start: data, count: count), as: UTF8.self)
    if let reference = try? URLReference(text) {
        precondition(reference.text == text, "\(reference.text) and not \(text)")
        _ = (reference.host, reference.port, reference.user, reference.target, "\(reference)")
        let bare = reference.removingUserInformation()
        precondition(bare.user == nil && bare.password == nil)
        precondition(reference.removingFragment().fragment == nil)
        for base in bases {
            guard let base = try? URLReference(base) else { fatalError("no base") }
            let joined = base.joined(reference)
            precondition(!"\(joined)".contains("canary") || text.contains("canary"))
            // What was joined is a text that can be read.
            _ = try? URLReference(joined.text)
        }
    }
    if let request = try? URLOpener.Request(text) {
        precondition(!request.url.utf8.contains(0x0D) && !request.url.utf8.contains(0x0A))
    }
    let query = (try? URLQuery(parsing: text)) ?? URLQuery()
    let encoded = query.urlencoded()
    precondition(((try? URLQuery(parsing: encoded)) ?? URLQuery()).fields == query.fields, "\(encoded)")
    precondition(PercentEncoding.unquote(PercentEncoding.quote(text)) == text)
    precondition(PercentEncoding.unquotePlus(PercentEncoding.quotePlus(text)) == text)
    return 0
}
