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
    }

    @Test func handlersDefineCodes() {
        let code = OpenError.Code(rawValue: "teapot")
        let error = OpenError(code, url: "http://h/", detail: "short and stout")
        #expect(error.code == code && error.operation == .handle)
        #expect(error.operation == OpenError.Operation(rawValue: "handle"))
        #expect(error.description == "handle http://h/: short and stout (teapot)")
    }
}
