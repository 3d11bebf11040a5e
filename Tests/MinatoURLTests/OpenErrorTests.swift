import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct OpenErrorTests {
    @Test(arguments: [
        ("http://u:canary@h/p?q", "http://h/p?q"),
        ("http://u:canary@h:port/", "http://h:port/"),
        ("http://u:can/ary@h/x", "http://h/x"),
        ("http://u:canary@a@h:port/", "http://h:port/"),
        ("u:canary@h", "h"),
        ("http:u:canary@h", "h"),
        ("http://h/\r\nEvil: 1", "http://h/%0D%0AEvil: 1"),
        ("ftp://u:canary@h/", "ftp://h/"),
        ("//canary@h", "//h"),
        ("@//", "//"),
        ("", ""),
        ("plain", "plain"),
    ])
    func removesCredentials(_ url: String, _ shown: String) {
        #expect(OpenError(.badURL, url: url, detail: "").url == shown)
    }

    @Test func isOneLine() {
        let error = OpenError(
            .connectionRefused, .connect, url: "http://h/", detail: "no\r\nway", systemCode: 111, curlCode: 7)
        #expect(error.description == "connect http://h/: no%0D%0Away (connectionRefused, curl 7, errno 111)")
        #expect("\(OpenError.Code.badURL) \(OpenError.Operation.read)" == "badURL read")
        // What is a control for terminals, or the end of a line for others; nothing else that has the same first byte.
        let detail = OpenError(.badURL, url: "", detail: "a\u{80}b\u{85}c\u{9B}31md\u{2028}e\u{2029}f\u{7F}é\u{A0}…")
            .detail
        #expect(detail == "a%C2%80b%C2%85c%C2%9B31md%E2%80%A8e%E2%80%A9f%7Fé\u{A0}…")
    }

    @Test func handlersDefineCodes() {
        let code = OpenError.Code(rawValue: "teapot")
        let error = OpenError(code, url: "http://h/", detail: "short and stout")
        #expect(error.code == code && error.operation == .handle)
        #expect(error.operation == OpenError.Operation(rawValue: "handle"))
        #expect(error.description == "handle http://h/: short and stout (teapot)")
    }
}
