import HTTPTypes
import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct HandlerChainTests {
    /// Leaves its name in a field, and answers as it was told.
    private struct Marker: OpenerHandler {
        var name: String
        var order = 500
        var kind: URLOpener.HandlerKind?
        var verdict: @Sendable (URLOpener.Exchange) -> URLOpener.Verdict = { _ in .accept }

        func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
            try request.setField("X-Trace", (request.field("X-Trace") ?? "") + name)
        }

        func examine(
            _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
        ) throws(OpenError) -> URLOpener.Verdict {
            verdict(exchange)
        }
    }

    private struct Plain: OpenerHandler {}

    private struct Refusing: OpenerHandler {
        var inPrepare: Bool
        func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
            if inPrepare { throw OpenError(.badRequest, url: request.url, detail: "not today") }
        }
        func examine(
            _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
        ) throws(OpenError) -> URLOpener.Verdict {
            throw OpenError(.init(rawValue: "mine"), url: exchange.request.url, detail: "not now")
        }
    }

    @Test func runsByOrderThenAsGiven() throws {
        let transport = ScriptedTransport(.init(status: 200))
        let handlers: [any OpenerHandler] = [
            Marker(name: "c"), Marker(name: "d"), Marker(name: "a", order: 1), Marker(name: "e", order: 900),
            Marker(name: "b", order: 1), Plain(),
        ]
        _ = try URLOpener(handlers, transport: transport).openBlocking("http://h/")
        #expect(transport.requests.first?.field("X-Trace") == "abcde")
    }

    @Test func aKindReplacesItsDefault() throws {
        let transport = ScriptedTransport(.init(status: 302, fields: [("Location", "/x")]), .init(status: 200))
        let opener = URLOpener([Marker(name: "", kind: .redirect)], transport: transport)
        let error = #expect(throws: OpenError.self) { try opener.openBlocking("http://h/") }
        #expect(error?.code == .httpStatus && transport.requests.count == 1)
        #expect(RedirectHandler().kind == .redirect && BasicAuthHandler().kind?.rawValue == "basicAuthentication")
    }

    @Test func firstThatDoesNotAcceptDecides() throws {
        let transport = ScriptedTransport(.init(status: 200, body: "text"))
        let failing = Marker(name: "") { _ in .fail(.init(rawValue: "first"), "no") }
        let other = Marker(name: "") { _ in .fail(.init(rawValue: "second"), "no") }
        let opener = URLOpener([failing, other], transport: transport)
        let error = #expect(throws: OpenError.self) { try opener.openBlocking("http://u:pw@h/") }
        #expect(error?.description == "handle http://h/: no (first)")
        #expect(try error?.blockingResponse?.body.collect(upTo: 4) == Array("text".utf8))
    }

    @Test func handlersThrow() throws {
        let transport = ScriptedTransport(.init(status: 200))
        let before = #expect(throws: OpenError.self) {
            try URLOpener([Refusing(inPrepare: true)], transport: transport).openBlocking("http://h/")
        }
        #expect(before?.detail == "not today" && transport.requests.isEmpty && before?.blockingResponse == nil)
        let after = #expect(throws: OpenError.self) {
            try URLOpener([Refusing(inPrepare: false)], transport: transport).openBlocking("http://h/")
        }
        #expect(after?.detail == "not now" && after?.blockingResponse?.status == 200)
    }

    /// A request that is to go out again, after an answer that asks for patience, is prepared again.
    @Test(arguments: Face.allCases)
    func handlersThrowWhenARequestIsRepeated(_ face: Face) async throws {
        struct Once: OpenerHandler {
            let count = Outcome.Counter()
            func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
                count.add(1)
                if count.value > 1 { throw OpenError(.init(rawValue: "mine"), url: request.url, detail: "not twice") }
            }
        }
        let mock = MockTransport { _ in .init(status: 503, body: [7]) }
        var configuration = URLOpener.Configuration()
        configuration.retries = .init(attempts: 3)
        configuration.retries.firstPause = .milliseconds(1)
        let opener = URLOpener(Once(), transport: mock, configuration: configuration)
        let error = await #expect(throws: OpenError.self) { try await face.open(opener, "http://h/") }
        #expect(error?.description == "handle http://h/: not twice (mine)" && error?.status == 503)
        #expect(try await AnyResponse(error)?.body.read(9) == [7])
        #expect(mock.requests.count == 1)
    }

    @Test func retriesSeeTheHistoryAndEnd() throws {
        let transport = ScriptedTransport(.init(status: 503))
        let retrying = Marker(name: "x") { .retry($0.original, because: .other) }
        let error = #expect(throws: OpenError.self) {
            try URLOpener([retrying], transport: transport).openBlocking("http://h/")
        }
        #expect(error?.code == .tooManyRetries && transport.requests.count == 50)
        let twice = Marker(name: "") { exchange in
            exchange.hops.count < 2 ? .retry(exchange.original, because: .other) : .accept
        }
        var chain = HandlerChain(HandlerList([twice]), request: try URLOpener.Request("http://h/"))
        _ = try chain.begin()
        for _ in 0..<2 {
            guard case .perform = chain.receive(.init(status: 200)) else {
                throw OpenError(.closed, url: "", detail: "")
            }
        }
        guard case .deliver = chain.receive(.init(status: 200)) else { throw OpenError(.closed, url: "", detail: "") }
        #expect(chain.exchange.hops.map(\.head.status) == [200, 200])
        #expect(chain.exchange.hops.allSatisfy { $0.reason == .other })
    }

    /// What is no error, and what is: 200 to 299, then the rest.
    @Test(arguments: [200, 201, 204, 206, 299], [300, 304, 400, 404, 500, 599])
    func statusDecides(_ good: Int, _ bad: Int) throws {
        let opener = URLOpener([], transport: ScriptedTransport(.init(status: good)))
        #expect(try opener.openBlocking("http://h/").status == good)
        let failing = URLOpener([], transport: ScriptedTransport(.init(status: bad, body: "why")))
        let error = #expect(throws: OpenError.self) { try failing.openBlocking("http://h/") }
        #expect(error?.code == .httpStatus && error?.blockingResponse?.status == bad)
        #expect(try error?.blockingResponse?.body.read(9) == Array("why".utf8))
    }

    @Test func refusesNegativeTimeout() throws {
        let opener = URLOpener([], transport: ScriptedTransport(.init(status: 200)))
        let error = #expect(throws: OpenError.self) { try opener.openBlocking("http://h/", timeout: .seconds(-1)) }
        #expect(error?.code == .badRequest)
    }
}
