import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct DataURLTests {
    private static let plain = "text/plain;charset=US-ASCII"

    /// The opener would fail if anything were sent.
    private static func opener(_ handlers: any OpenerHandler...) -> URLOpener {
        let transport = MockTransport { (request) throws(OpenError) in
            throw OpenError(.transport, url: request.url, detail: "sent")
        }
        return URLOpener(handlers, transport: transport)
    }

    /// URL, type, content, and the URL of the response when it is another text.
    @Test(
        arguments: [
            ("data:,hello%20port", plain, "hello port", nil), ("data:,", plain, "", nil),
            ("DATA:,x", plain, "x", "data:,x"),
            ("data:text/html;x=\"a\",<b>", "text/html;x=\"a\"", "<b>", nil),
            ("data:;charset=utf-8,x", "text/plain;charset=utf-8", "x", nil),
            ("data:,a,b?c/d", plain, "a,b?c/d", nil), ("data:,a#b", plain, "a", nil),
            ("data:,%zz%", plain, "%zz%", nil),
            ("data:,\u{6e2f}", plain, "\u{6e2f}", "data:,%E6%B8%AF"), ("data:;base64,", plain, "", nil),
            ("data:text/plain;BASE64,5riv", "text/plain", "\u{6e2f}", nil), ("data:;base64,YQ==", plain, "a", nil),
            ("data:;base64,YQ", plain, "a", nil), ("data:;base64,YWI=", plain, "ab", nil),
            ("data:;base64,YWI%3d", plain, "ab", nil),
            ("data:;base64,Y%0d%0aW%20Jj", plain, "abc", nil), ("data:;base64,fn5+Pz8/", plain, "~~~???", nil),
        ] as [(String, String, String, String?)])
    func answers(_ url: String, _ type: String, _ content: String, _ shown: String?) async throws {
        for face in Face.allCases {
            let response = try await face.open(Self.opener(), url)
            #expect(response.status == 200 && response.url == shown ?? url)
            #expect(response.head.field("Content-Type") == type)
            #expect(response.head.field("Content-Length") == "\(content.utf8.count)")
            #expect(try await response.body.collect(upTo: 100) == Array(content.utf8))
        }
    }

    /// What Python reads out of the same URLs; but for a fragment, which it takes for content.
    @Test func agreesWithPython() async throws {
        let urls = [
            "data:,hello%20port", "data:text/html;x=\"a\",<b>", "data:,a,b?c/d", "data:,%zz%",
            "data:;base64,5riv",
            "data:image/png;base64,fn5+Pz8/", "data:;base64,YWI%3d", "data:,",
        ]
        let rows = try PythonTable.rows(
            """
            from urllib.request import urlopen
            for url in sys.argv[1:]:
                with urlopen(url) as answer:
                    row(answer.headers['content-type'], answer.headers['content-length'], answer.read())
            """, urls)
        #expect(rows.count == urls.count)
        for (url, row) in zip(urls, rows) {
            let response = try await Self.opener().open(url)
            let content = String(decoding: try await response.body.collect(upTo: 100), as: UTF8.self)
            #expect([response.field("Content-Type"), response.field("Content-Length"), content] == row, "\(url)")
        }
    }

    @Test(arguments: [
        ("data:", "no comma in the data: URL"), ("data:text/plain#,", "no comma in the data: URL"),
        ("data:;base64,Y", "what follows \";base64,\" is not base64"),
        ("data:;base64,YQ=", "what follows \";base64,\" is not base64"),
        ("data:;base64,YQ===", "what follows \";base64,\" is not base64"),
        ("data:;base64,====", "what follows \";base64,\" is not base64"),
        ("data:;base64,Y_-j", "what follows \";base64,\" is not base64"),
        ("data:;base64,YQ==YQ==", "what follows \";base64,\" is not base64"),
        ("data:,a b", "a space or control in the URL"), ("data:,a\r\nb", "a space or control in the URL"),
        ("data:,\0", "a space or control in the URL"), ("data:text/\u{7f},x", "a space or control in the URL"),
    ])
    func refuses(_ url: String, _ detail: String) async {
        for face in Face.allCases {
            let error = await #expect(throws: OpenError.self) { try await face.open(Self.opener(), url) }
            #expect(error?.code == .badURL && error?.detail == detail)
        }
    }

    @Test func isOnlyRead() async throws {
        let head = try await Self.opener().open(URLOpener.Request("data:,port", method: "HEAD"))
        #expect(head.field("Content-Length") == "4")
        #expect(try await head.body.collect(upTo: 10).isEmpty)
        let error = await #expect(throws: OpenError.self) { try await Self.opener().open("data:,port", body: [1]) }
        #expect(error?.code == .badRequest && error?.detail == "a data: URL can only be read")
    }

    /// 1 MiB is more than waits in a pipe for a reader who has not asked.
    @Test(arguments: Face.allCases)
    func largeOnesAreWhole(_ face: Face) async throws {
        let content = String(repeating: "0123456789abcdef", count: 1 << 16)
        let response = try await face.open(Self.opener(), "data:," + content)
        #expect(try await response.body.collect(upTo: 1 << 20) == Array(content.utf8))
    }

    /// What is for requests that are sent does not stand in the way: no proxy is chosen, and no cookie taken along.
    @Test func handlersForServersAreNotAsked() async throws {
        let choosy = ProxyPolicy.custom { (url) throws(OpenError) in
            throw OpenError(.badProxy, url: url, detail: "asked")
        }
        let response = try await Self.opener(ProxyHandler(choosy), CookieHandler()).open("data:,x")
        #expect(try await response.body.collect(upTo: 10) == Array("x".utf8))
    }

    private struct Mute: OpenerHandler {
        var kind: URLOpener.HandlerKind? { .data }
    }

    @Test func withoutItsHandlerNobodyAnswers() async {
        let error = await #expect(throws: OpenError.self) { try await Self.opener(Mute()).open("data:,x") }
        #expect(error?.code == .unsupportedScheme && error?.detail == "no handler answers the scheme data")
    }

    /// An own handler that answers for a host: a redirect leads to it, and its status is judged.
    private struct Local: OpenerHandler {
        func answer(
            _ request: URLOpener.Request, in exchange: URLOpener.Exchange
        ) throws(OpenError) -> URLOpener.Answer? {
            switch request.url {
            case "http://local/": .init(head: .init(status: 302, fields: [.location: "/there"]))
            case "http://local/there": .init(head: .init(status: 200), body: Array("there".utf8))
            default: .init(head: .init(status: 404, reason: "Not Found"), body: Array("no".utf8))
            }
        }
    }

    @Test(arguments: Face.allCases)
    func handlersAnswerInPlaceOfServers(_ face: Face) async throws {
        let response = try await face.open(Self.opener(Local()), "http://local/")
        #expect(response.url == "http://local/there")
        #expect(try await response.body.collect(upTo: 10) == Array("there".utf8))
        let error = await #expect(throws: OpenError.self) {
            try await face.open(Self.opener(Local()), "http://local/x")
        }
        #expect(error?.code == .httpStatus)
        #expect(try await AnyResponse(error)?.body.collect(upTo: 10) == Array("no".utf8))
    }
}
