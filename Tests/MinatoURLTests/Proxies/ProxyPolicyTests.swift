import Glibc
import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct ProxyPolicyTests {
    /// Variables, then what is used.
    @Test(
        arguments: [
            ([], [:]),
            ([("http_proxy", "p")], ["http": "p"]),
            ([("HTTP_PROXY", "p")], ["http": "p"]),
            ([("Http_Proxy", "p")], ["http": "p"]),
            ([("http_proxy", "low"), ("HTTP_PROXY", "UP")], ["http": "low"]),
            ([("HTTP_PROXY", "UP"), ("http_proxy", "low")], ["http": "low"]),
            ([("HTTP_PROXY", "UP"), ("http_proxy", "")], [:]),
            ([("HTTP_PROXY", ""), ("http_proxy", "low")], ["http": "low"]),
            ([("HTTP_PROXY", "UP"), ("REQUEST_METHOD", "GET")], [:]),
            ([("HTTP_PROXY", "UP"), ("REQUEST_METHOD", "")], [:]),
            ([("http_proxy", "low"), ("REQUEST_METHOD", "GET")], ["http": "low"]),
            ([("HTTPS_PROXY", "UP"), ("REQUEST_METHOD", "GET")], ["https": "UP"]),
            ([("no_proxy", "a,b"), ("NO_PROXY", "c")], ["no": "a,b"]),
            ([("proxy", "p"), ("xproxy", "p"), ("http_proxyx", "p"), ("", "p")], [:]),
            ([("all_proxy", "p"), ("_proxy", "q")], ["all": "p", "": "q"]),
        ] as [([(String, String)], [String: String])])
    func readsVariables(_ variables: [(String, String)], _ values: [String: String]) {
        #expect(ProxyEnvironment(variables.map { (name: $0.0, value: $0.1) }).values == values)
    }

    @Test func readsVariablesAsPythonDoes() throws {
        let rows = try PythonTable.rows(
            """
            import random, urllib.request
            random.seed(21)
            names = [a + '_' + b for a in ('http', 'HTTP', 'Http', 'https', 'HTTPS', 'no', 'NO', 'all', 'ALL', '')
                     for b in ('proxy', 'PROXY', 'Proxy')] + ['REQUEST_METHOD', 'PATH', 'proxy']
            for _ in range(2000):
                environment = {n: random.choice(['', 'p', 'q', 'r']) for n in random.sample(names, random.randint(0, 6))}
                urllib.request.os.environ = environment
                proxies = sorted(urllib.request.getproxies_environment().items())
                row(len(environment), *[x for pair in environment.items() for x in pair],
                    *[x for pair in proxies for x in pair])
            """)
        #expect(rows.count == 2000)
        for row in rows {
            let fields = row.map { $0 ?? "" }
            let count = Int(fields[0]) ?? 0
            let pairs = stride(from: 1, to: fields.count, by: 2).map { (name: fields[$0], value: fields[$0 + 1]) }
            let expected = Dictionary(uniqueKeysWithValues: pairs[count...].map { ($0.name, $0.value) })
            #expect(ProxyEnvironment(Array(pairs[..<count])).values == expected, "\(fields)")
        }
    }

    @Test func readsTheEnvironmentOfTheProcess() {
        let path = unsafe getenv("PATH").map { unsafe String(cString: $0) }
        #expect(ProxyEnvironment.variables.first { $0.name == "PATH" }?.value == path)
        #expect(ProxyEnvironment.ofProcess == ProxyEnvironment(ProxyEnvironment.variables))
    }

    @Test func choosesByScheme() throws {
        let policy = ProxyPolicy.environment(
            ProxyEnvironment([
                ("http_proxy", "u:p@one:3128"), ("https_proxy", "socks5://two"),
                ("no_proxy", "direct.example,10.0.0.0/8"),
                ("all_proxy", "three"),
            ]))
        #expect(try policy.proxy(for: "http://h/") == Proxy("http://u:p@one:3128"))
        #expect(try policy.proxy(for: "https://h/") == Proxy("socks5://two:1080"))
        #expect(try policy.proxy(for: "https://direct.example/") == nil)
        #expect(try policy.proxy(for: "http://10.1.2.3/") == nil)
        let other = ProxyPolicy.environment(ProxyEnvironment([("all_proxy", "three"), ("http_proxy", "socks4://x")]))
        #expect(try other.proxy(for: "https://h/") == nil)
        let error = #expect(throws: OpenError.self) { try other.proxy(for: "http://h/") }
        #expect(error?.code == .badProxy)
        #expect(throws: OpenError.self) { try policy.proxy(for: "ftp://h/") }
    }

    @Test func fixedAndNone() throws {
        let proxy = try Proxy("http://proxy:3128")
        let fixed = ProxyPolicy.fixed(proxy, except: "localhost,.example")
        #expect(try fixed.proxy(for: "http://h/") == proxy)
        #expect(try fixed.proxy(for: "https://h/") == proxy)
        #expect(try fixed.proxy(for: "https://a.example/") == nil)
        #expect(try ProxyPolicy.none.proxy(for: "http://h/") == nil)
        #expect(try ProxyPolicy.fixed(proxy).proxy(for: "http://localhost/") == proxy)
    }
}

@Suite(.watchdog) struct ProxyHandlerTests {
    private typealias Reply = ScriptedTransport.Reply

    @Test func choosesForEachHop() throws {
        let transport = ScriptedTransport(
            Reply(status: 302, fields: [("Location", "http://inside.example/")]),
            Reply(status: 307, fields: [("Location", "https://outside.example/")]), Reply(status: 200))
        let handler = ProxyHandler(.fixed(try Proxy("u:p@proxy:3128"), except: "inside.example"))
        _ = try URLOpener([handler], transport: transport).openBlocking("http://outside.example/")
        #expect(transport.requests.map { $0.proxy?.description } == ["http://proxy:3128", nil, "http://proxy:3128"])
        // What is for the proxy is no field of the request: a server would get it.
        #expect(transport.requests.allSatisfy { $0.field("Proxy-Authorization") == nil })
        #expect(transport.requests.first?.proxy?.credentials?.password == "p")
    }

    @Test func customSeesTheURLAsSent() throws {
        let transport = ScriptedTransport(Reply(status: 200))
        let seen = Outcome()
        let handler = ProxyHandler(
            .custom { (url) throws(OpenError) in
                seen.set(OpenError(.badRequest, url: url, detail: "seen"))
                return try Proxy("http://chosen")
            })
        _ = try URLOpener([handler], transport: transport).openBlocking("http://u:p@h/x?y#z")
        #expect(seen.errors.map(\.url) == ["http://h/x?y"])
        #expect(transport.requests.map { $0.proxy?.host } == ["chosen"])
    }

    /// A choice that fails must not become a direct connection.
    @Test func sendsNothingWhenItFails() throws {
        let transport = ScriptedTransport(Reply(status: 200))
        let failing = ProxyPolicy.custom { (url) throws(OpenError) in
            throw OpenError(.badProxy, url: url, detail: "no choice")
        }
        let broken = ProxyPolicy.environment(ProxyEnvironment([("http_proxy", "klem:c4n4ry@")]))
        for policy in [failing, broken] {
            let opener = URLOpener([ProxyHandler(policy)], transport: transport)
            let error = #expect(throws: OpenError.self) { try opener.openBlocking("http://h/") }
            #expect(error?.code == .badProxy && error?.description.contains("c4n4ry") == false)
        }
        #expect(transport.requests.isEmpty)
    }

    @Test func replacesTheDefault() {
        #expect(ProxyHandler(.none).kind?.rawValue == "proxy" && ProxyHandler().order == 100)
    }
}
