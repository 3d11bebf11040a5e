import Testing

@testable import MinatoURL

/// What an opener keeps of the request that it completed last.
struct LastRequestTests {
    @Test func whatIsOpenedAgainIsCompletedOnce() throws {
        let last = LastRequest()
        var request = try URLOpener.Request("http://h/")
        let first = try last.completed(request, decodes: true)
        #expect(try last.completed(request, decodes: true).isCopy(of: first))
        #expect(first.isDecoded && first.field("User-Agent") != nil)

        try request.setField("X-A", "1")
        let second = try last.completed(request, decodes: true)
        #expect(second.field("X-A") == "1" && first.field("X-A") == nil)
        #expect(try last.completed(request, decodes: true).isCopy(of: second))
        // Made anew, it is another one, though it says the same.
        let other = try last.completed(URLOpener.Request("http://h/"), decodes: true)
        #expect(!other.isCopy(of: first) && other.field("X-A") == nil)
    }

    @Test(arguments: ["body", "secret", "cookie", "proxy", "user"])
    func whatIsNotForOthersIsNotKept(_ what: String) throws {
        let last = LastRequest()
        let url = what == "user" ? "http://user:password@h/" : "http://h/"
        var request = try URLOpener.Request(url, body: what == "body" ? [1] : nil)
        if what == "secret" { try request.setField("Authorization", "x") }
        if what == "cookie" { try request.setField("Cookie", "x") }
        if what == "proxy" { request.proxy = try Proxy("http://user:password@p:1") }
        let first = try last.completed(request, decodes: true)
        #expect(try !last.completed(request, decodes: true).isCopy(of: first))
    }
}
