import Minato

/// Program 3 of the page: the first 300 bytes of a URL.
enum FirstBytesDialogue: Dialogue {
    static let title = "The first 300 bytes of a URL (program 3)"

    static func run(_ script: Script) async throws {
        let page = Array(DemoHTTPServer.page.utf8)
        let site = try DemoHTTPServer(body: script.served(page))
        defer { site.stop() }
        let response = try await urlopen("http://\(site.authority)/", timeout: script.patience)
        let head = try await response.body.read(300)
        response.close()
        script.show("client", "\(response.status) \(response.reason), read(300) gave \(head.count) bytes:")
        script.show("client", String(decoding: head.prefix(60), as: UTF8.self).debugDescription + "...")
        try script.verify("the beginning", head, is: Array(page.prefix(300)))
    }
}

/// Program 4 of the page: an opener that knows a password, installed for the whole program.
enum AuthenticationDialogue: Dialogue {
    static let title = "Basic authentication (program 4)"

    static func run(_ script: Script) async throws {
        let page = Array(DemoHTTPServer.page.utf8)
        let site = try DemoHTTPServer(
            body: script.served(page), realm: "PDQ Application", user: "klem", password: "kadidd!ehopper")
        defer { site.stop() }

        let passwords = PasswordManager()
        passwords.add(
            realm: "PDQ Application", uri: "http://\(site.authority)/", user: "klem", password: "kadidd!ehopper")
        // From here on every urlopen of the program uses it.
        URLOpener.install(URLOpener(BasicAuthHandler(passwords), ProxyHandler(.none)))
        defer { URLOpener.install(URLOpener(ProxyHandler(.none))) }
        let response = try await urlopen("http://\(site.authority)/login.html", timeout: script.patience)
        let body = try await response.body.collect(upTo: 1 << 20)
        response.close()

        for request in site.requests {
            script.show("server", "\(request.line) \(request.isAuthorized ? "with" : "without") the password")
        }
        script.show("client", "\(response.status) \(response.reason), \(body.count) bytes")
        try script.verify("the page", body, is: page)
        let sequence = site.requests.map { $0.isAuthorized ? "with" : "without" }.joined(separator: ", ")
        try script.verify("the requests", Array(sequence.utf8), is: Array("without, with".utf8))
    }
}
