import HTTPTypes
import TestSupport
import Testing

@testable import MinatoURL

/// The same challenges given to Python's handlers and to ours.
@Suite(.watchdog) struct PythonDigestTests {
    /// Prints a challenge and what belongs to it, and what Python answers to it: the first time, and twice more with the same
    /// nonce. The nonce of the client's is fixed, and the only thing that is.
    private static let program = #"""
        import itertools, urllib.request

        class Handler(urllib.request.AbstractDigestAuthHandler):
            auth_header = 'Authorization'
            def get_cnonce(self, nonce):
                return 'c' + nonce[:7]

        def supports(algorithm):
            try:
                return urllib.request.AbstractDigestAuthHandler().get_algorithm_impls(algorithm)[0] is not None
            except ValueError:
                return False

        realms = ['"R"', '"a b, c=d"', 'bare', '"\\"q\\" \\\\"', '""']
        qops = ['', ', qop="auth"', ', qop=auth', ', qop="auth,auth-int"', ', qop="auth-int,auth"']
        opaques = ['', ', opaque="5ccc069c403ebaf9f0171e9517f40e41"', ',opaque="a, b=c"']
        algorithms = ['', ', algorithm=MD5', ', algorithm="MD5"']
        algorithms += [', algorithm=SHA-256'] if supports('SHA-256') else []
        nonces = ['"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"', '"dcd98b7102dd2f0e8b11d0f600bfb0c093"', 'bare==']
        users = [('Mufasa', 'Circle of Life'), ('u', ''), ('a"b\\c', 'p:q"\\'), ("it's me", '%41&=?')]
        urls = ['http://h/', 'http://h/dir/index.html', 'http://h:81/a;b/../c?d=e&f=%20#g', 'http://h/?http://x/']
        methods = ['GET', 'POST', 'HEAD', 'DELETE']
        for number, (realm, qop, opaque, algorithm) in enumerate(itertools.product(realms, qops, opaques, algorithms)):
            nonce = nonces[number % 3]
            user, password = users[number // 3 % 4]
            url, method = urls[number // 5 % 4], methods[number // 7 % 4]
            parts = [f'realm={realm}', f'nonce={nonce}']
            challenge = ', '.join(parts[::-1] if number % 2 else parts) + qop + opaque + algorithm
            handler = Handler(urllib.request.HTTPPasswordMgrWithDefaultRealm())
            handler.add_password(None, url, user, password)
            pairs = urllib.request.parse_keqv_list(filter(None, urllib.request.parse_http_list(challenge)))
            answers = [handler.get_authorization(urllib.request.Request(url, method=method), pairs) for _ in range(3)]
            print(challenge, user, password, url, method, *answers, sep='\t')
        """#

    @Test func digest() throws {
        let lines = Authentication.lines(try ChildProcess.python(Self.program))
        #expect(lines.count >= 225)
        for line in lines {
            let row = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            let (challenge, url, answers) = (row[0], row[3], row[5...])
            let passwords = Authentication.passwords(url, user: row[1], password: row[2])
            let nonce = try #require(Challenge.parse(Array(("Digest " + challenge).utf8)).first?["nonce"])
            let authenticator = DigestAuthenticator(.server, passwords) { "c" + nonce.prefix(7) }
            let handler = DigestAuthHandler(authenticator)
            let request = try URLOpener.Request(url, method: row[4])
            for (python, isFirst) in zip(answers, [true, false, false]) {
                var chain = HandlerChain(HandlerList([handler]), request: request)
                var sent = try chain.begin()
                if isFirst {
                    let head = Authentication.head(401, [("WWW-Authenticate", "Digest " + challenge)])
                    guard case .perform(let answered, _) = chain.receive(head) else {
                        Issue.record("no answer to \(challenge)")
                        continue
                    }
                    sent = answered
                }
                #expect(Self.essence(sent.field("Authorization")) == Self.essence("Digest " + python), "\(row)")
            }
        }
    }

    /// The parts of an answer that servers look at. Python writes quotes and backslashes as they are, which leaves its field
    /// malformed where a name has some; and it names an algorithm that nobody asked for.
    private static func essence(_ field: String?) -> [String] {
        guard let field else { return [] }
        return ["uri=\"", "response=\"", "opaque=\"", "cnonce=\"", "nc=", "qop="].map { name in
            guard let start = field.utf8.ranges(of: ", \(name)".utf8).first?.upperBound else { return name }
            let end: Character = name.last == "\"" ? "\"" : ","
            return name + field[start...].prefix { $0 != end }
        }
    }

    /// Fields with Basic among other challenges, and the realm that Python finds first. (It misses a realm that is not the
    /// first parameter, and takes quotes within quotes for an end: such fields are left out.)
    @Test func basic() throws {
        let program = #"""
            import itertools, urllib.request, warnings
            warnings.simplefilter('ignore')
            handler = urllib.request.AbstractBasicAuthHandler()
            basic = ['Basic realm="R"', "Basic realm='R'", 'basic  realm="a b"', 'BASIC\trealm="x=y"', 'Basic REALM="q"',
                     'Basic realm="a, b"', 'Basic realm="R", charset="UTF-8"', 'Basic realm=""']
            before = ['', 'Digest realm="d", nonce="n", ', 'Negotiate, ', 'NTLM TlRMTVNTUAAB==, ', 'Bearer realm="b", ',
                      ',, ', 'Digest realm="Basic realm", ']
            after = ['', ', Digest realm="d", nonce="n"', ', Basic realm="second"', ',,']
            for first, middle, last in itertools.product(before, basic, after):
                field = first + middle + last
                found = [realm for scheme, realm in handler._parse_realm(field) if scheme.lower() == 'basic']
                print(field, found[0], sep='\t')
            for field in ['Basic realm=bare', 'Basic realm=PDQ Application', 'Digest realm="d"', 'Basic', '']:
                found = [realm for scheme, realm in handler._parse_realm(field) if scheme.lower() == 'basic' and realm]
                print(field, found[0] if found else 'none', sep='\t')
            """#
        let lines = Authentication.lines(try ChildProcess.python(program))
        #expect(lines.count == 229)
        for line in lines {
            // A tab divides the columns, and stands in some fields.
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
            let field = columns.dropLast().joined(separator: "\t")
            let offer = AuthenticationOffer(Authentication.head(401, [("WWW-Authenticate", field)]), from: .server)
            #expect(offer.realms.first ?? "none" == String(columns.last ?? ""), "\(field)")
        }
    }
}
