// Set-Cookie fields, and cookie files, of any bytes: what is kept can be sent and saved.
@testable import MinatoURL

/// Takes one input from libFuzzer.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    let text = String(decoding: bytes, as: UTF8.self)
    let jar = CookieJar()
    for line in text.split(separator: "\n", maxSplits: 20) { jar.receive(String(line), from: "https://a.example/b/c") }
    for url in ["https://a.example/b/c", "http://x.a.example/", "https://a.example/"] {
        guard let field = jar.field(for: url) else { continue }
        precondition(!field.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }, field)
    }
    let kept = jar.cookies(for: "https://a.example/b/c").filter { $0.expires != nil }
    let file = NetscapeCookies.format(kept)
    guard let again = try? NetscapeCookies.parse(Array(file.utf8), isStrict: true) else {
        fatalError("cannot be read again: \(file)")
    }
    precondition(again.count <= kept.count)
    _ = try? NetscapeCookies.parse(bytes, isStrict: false)
    _ = CookieDate.parse(text)
    return 0
}
