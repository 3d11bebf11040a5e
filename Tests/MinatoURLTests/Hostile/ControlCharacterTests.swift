import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Control characters in whatever a program can put into a request: refused before anything is sent, or connected to.
@Suite(.watchdog) struct ControlCharacterTests {
    /// Every control of ASCII, the pair that ends a line, and one of C1.
    private static let controls =
        (Array(0x00...0x1F) + [0x7F, 0x85]).compactMap { Unicode.Scalar($0).map { String($0) } } + [
            "\r\n", "\r\nEvil: 1",
        ]

    enum Place: CaseIterable, Sendable {
        case method, host, port, path, query, fragment, user, password, encodedUser, encodedPassword
        case fieldName, fieldValue, setValue, cookieField, referer, proxyHost, proxyUser, proxyPassword
        case encodedProxyPassword, proxyCredentials, storedUser, storedPassword, partName, partType

        /// The codes of its refusal.
        var codes: Set<OpenError.Code> {
            switch self {
            case .host, .port, .path, .query, .fragment, .user, .password: [.badURL, .badCredentials]
            case .encodedUser, .encodedPassword: [.badURL, .badCredentials]
            case .method, .fieldName, .fieldValue, .setValue, .cookieField, .referer, .partName, .partType:
                [.badRequest]
            case .proxyHost, .proxyUser, .proxyPassword, .encodedProxyPassword, .proxyCredentials:
                [.badProxy, .badCredentials]
            case .storedUser, .storedPassword: [.badCredentials]
            }
        }

        /// Whether a control is no harm there: a tab belongs to field values, and in names of parts some become triplets.
        func allows(_ control: String) -> Bool {
            switch self {
            case .fieldValue, .setValue, .cookieField, .referer, .partType: control == "\t"
            case .partName: ["\t", "\r", "\n"].contains(control) || control.hasPrefix("\r\n")
            // What is no ASCII is percent-encoded on its way into the URL, or base64 of UTF-8.
            case .path, .query, .fragment: control == "\u{85}"
            case .encodedUser, .encodedPassword, .proxyUser, .proxyPassword, .encodedProxyPassword, .proxyCredentials,
                .storedUser, .storedPassword:
                control == "\u{85}"
            default: false
            }
        }

        /// Opens a URL of the server with a text there.
        func open(_ face: Face, _ server: RawServer, _ text: String) async throws(OpenError) {
            let port = server.port
            var configuration = URLOpener.Configuration()
            var handlers: [any OpenerHandler] = []
            var request = try URLOpener.Request(server.url())
            let encoded = text.utf8.map { "%" + String(0x100 + Int($0), radix: 16).dropFirst() }.joined()
            switch self {
            case .method: try request.setMethod(text)
            case .host: try request.setURL("http://127.0.0.1\(text):\(port)/")
            case .port: try request.setURL("http://127.0.0.1:\(port)\(text)/")
            case .path: try request.setURL("http://127.0.0.1:\(port)/\(text)")
            case .query: try request.setURL("http://127.0.0.1:\(port)/?\(text)")
            case .fragment: try request.setURL("http://127.0.0.1:\(port)/#\(text)")
            case .user: try request.setURL("http://\(text):p@127.0.0.1:\(port)/")
            case .password: try request.setURL("http://u:\(text)@127.0.0.1:\(port)/")
            case .encodedUser: try request.setURL("http://\(encoded):p@127.0.0.1:\(port)/")
            case .encodedPassword: try request.setURL("http://u:\(encoded)@127.0.0.1:\(port)/")
            case .fieldName: try request.addField(text, "v")
            case .fieldValue: try request.addField("X", text)
            case .setValue: try request.setField("Accept", text)
            case .cookieField: try request.addField("Cookie", "a=\(text)")
            case .referer: try request.addField("Referer", "http://h/\(text)")
            case .proxyHost: handlers = [try proxy("http://127.0.0.1\(text):\(port)")]
            case .proxyUser: handlers = [try proxy("http://\(text):p@127.0.0.1:\(port)")]
            case .proxyPassword: handlers = [try proxy("http://u:\(text)@127.0.0.1:\(port)")]
            case .encodedProxyPassword: handlers = [try proxy("http://u:\(encoded)@127.0.0.1:\(port)")]
            case .proxyCredentials:
                handlers = [try proxy("http://127.0.0.1:\(port)", .init(user: "u", password: text))]
            case .storedUser, .storedPassword:
                let passwords = PasswordManager(priorAuthentication: true)
                let (user, password) = self == .storedUser ? (text, "p") : ("u", text)
                passwords.add(realm: nil, uri: server.url(), user: user, password: password, isAuthenticated: true)
                handlers = [BasicAuthHandler(passwords)]
            case .partName, .partType:
                var form = MultipartForm()
                try form.append(
                    self == .partName ? text : "n", fileName: "f", contentType: self == .partType ? text : "text/plain",
                    content: .bytes([65]))
                try request.setForm(form)
            }
            configuration.timeouts.total = .seconds(60)
            let transport = CurlTransport(configuration)
            try await face.open(URLOpener(handlers, transport: transport, configuration: configuration), request)
                .close()
        }

        private func proxy(
            _ text: String, _ credentials: PasswordManager.Credentials? = nil
        ) throws(OpenError) -> ProxyHandler {
            ProxyHandler(.fixed(try Proxy(text, credentials: credentials)))
        }
    }

    @Test(arguments: Face.allCases, Place.allCases)
    func areRefused(_ face: Face, _ place: Place) async throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        for control in Self.controls where !place.allows(control) {
            for text in [control, "a" + control + "b", "ab" + control] {
                let error = await #expect(throws: OpenError.self, "\(text.debugDescription)") {
                    try await place.open(face, server, text)
                }
                #expect(error.map { place.codes.contains($0.code) } ?? true, "\(error as Any)")
                // An error is a line of a log, too.
                #expect(error?.description.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } == false)
            }
        }
        #expect(server.peers.isEmpty)
    }

    /// What is allowed does no harm either: no line of the request begins with it, and none ends by it.
    @Test(arguments: Face.allCases, Place.allCases)
    func noneComesToTheServer(_ face: Face, _ place: Place) async throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        let allowed = Self.controls.filter(place.allows)
        for control in allowed { try await place.open(face, server, "a" + control + "b") }
        #expect(server.requests.count == allowed.count)
        for request in server.requests {
            let lines = request.split(separator: "\r\n", omittingEmptySubsequences: false)
            let scalars = lines.joined().unicodeScalars
            #expect(!scalars.contains { $0.value < 0x20 && $0.value != 0x09 || $0.value == 0x7F }, "\(request)")
            #expect(!lines.contains { $0.hasPrefix("Evil") || $0.hasPrefix("\t") })
        }
    }

    /// A cookie comes from servers; those with controls are not kept, wherever they are in the field, but for C1 in what is never
    /// sent.
    @Test func cookiesAreNotKept() throws {
        let jar = CookieJar()
        for control in Self.controls where control != "\t" {
            let path = control == "\u{85}" ? [] : ["a=1; Path=/\(control)x"]
            for field in ["a\(control)b=1", "a=1\(control)2", "\(control)a=1", "a=1\(control)"] + path {
                #expect(!jar.receive(field, from: "http://h.example/"), "\(field.debugDescription)")
            }
        }
        #expect(jar.cookies.isEmpty && jar.field(for: "http://h.example/") == nil)
    }
}
