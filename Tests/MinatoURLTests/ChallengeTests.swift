import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct ChallengeTests {
    /// A field, and the challenges in it as `scheme(name=value|...)`, with an exclamation mark for what is malformed.
    @Test(arguments: [
        (#"Basic realm="PDQ Application""#, "Basic(realm=PDQ Application)"),
        (#"basic REALM="a""#, "basic(realm=a)"),
        (#"Basic realm='single quoted'"#, "Basic(realm=single quoted)"),
        (#"Basic realm='a, b', charset='UTF-8'"#, "Basic(realm=a, b|charset=UTF-8)"),
        (#"Basic realm='open"#, "Basic(realm='open)"),
        (#"Basic realm=bare"#, "Basic(realm=bare)"),
        (#"Basic realm=PDQ Application , Digest realm=d"#, "Basic(realm=PDQ Application) Digest(realm=d)"),
        (#"Basic realm = "spaced" , charset = "UTF-8""#, "Basic(realm=spaced|charset=UTF-8)"),
        (#"Basic realm="a, b=\"c\" \\""#, #"Basic(realm=a, b="c" \)"#),
        (#"Digest realm="d", nonce="n", Basic realm="b""#, "Digest(realm=d|nonce=n) Basic(realm=b)"),
        (
            #"Digest realm="d",qop="auth,auth-int",nonce=a==,Basic realm="b""#,
            "Digest(realm=d|qop=auth,auth-int|nonce=a==) Basic(realm=b)"
        ),
        (#"Negotiate, Basic realm="b""#, "Negotiate() Basic(realm=b)"),
        (#"NTLM TlRMTVNTUAAB==, Basic realm="b""#, "NTLM() Basic(realm=b)"),
        (#"Bearer abc/def, Basic realm="b""#, "Bearer() Basic(realm=b)"),
        (#",, Basic realm="b",,"#, "Basic(realm=b)"),
        (#"Basic realm="a", Basic realm="b""#, "Basic(realm=a) Basic(realm=b)"),
        (#"Basic"#, "Basic()"),
        (#"Basic "#, "Basic()"),
        (#"Basic realm"#, "Basic()"),
        (#"Basic realm="""#, "Basic(realm=)"),
        // One word with an equals sign at its end is a token68.
        (#"Basic realm="#, "Basic()"), (#"Basic a=b, realm="#, "Basic(a=b|realm=)!"),
        (#"Basic realm="unclosed"#, "Basic(realm=)!"),
        (#"Basic realm="a" junk, Digest realm="d""#, "Basic(realm=a)! Digest(realm=d)"),
        (#"Digest realm="d" nonce="n", Basic realm="b""#, "Digest(realm=d)! Basic(realm=b)"),
        (#"Digest realm=d nonce="n""#, #"Digest(realm=d nonce="n")!"#),
        (#"Digest realm="a", realm="b", Basic realm="b""#, "Digest(realm=a|realm=b)! Basic(realm=b)"),
        (#"realm="nobody's", Basic realm="b""#, "(realm=nobody's)! Basic(realm=b)"),
        (#"@@@, Basic realm="b""#, "()! Basic(realm=b)"),
        (#"Basic realm="b", @@@"#, "Basic(realm=b)!"),
        (#"Basic@x, Digest realm="d""#, "Basic()! Digest(realm=d)"),
        (#""quoted", Basic realm="b""#, "()! Basic(realm=b)"),
        (#"Basic realm="\"#, "Basic(realm=)!"),
        ("", ""), (",", ""), ("=", "()!"), ("\"", "()!"), ("Basic\trealm=\"t\"", "Basic(realm=t)"),
    ])
    func parses(_ field: String, _ expected: String) {
        let text = Challenge.parse(Array(field.utf8)).map { challenge in
            challenge.scheme + "(" + challenge.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: "|") + ")"
                + (challenge.problem == nil ? "" : "!")
        }
        #expect(text.joined(separator: " ") == expected)
    }

    @Test(arguments: [
        ("@", "text that is neither a scheme nor a parameter"), ("a=b", "a parameter before the first scheme"),
        ("Basic a=1, A=2", "the parameter a twice"), ("Basic x=y, a=", "no value in the parameter a"),
        ("Basic a=\"", "a quoted text without end in the parameter a"),
        ("Basic a=b\"c", "a stray quote in the parameter a"),
        ("Basic a=\"b\"c", "no comma after the parameter a"), ("Basic/x", "no space after the scheme"),
        ("Basic x=y, a=, a=, @", "no value in the parameter a"),
        (
            "Basic a=b, \(String(repeating: "x", count: 999))=",
            "no value in the parameter \(String(repeating: "x", count: 32))"
        ),
    ])
    func saysWhatIsMalformed(_ field: String, _ problem: String) {
        #expect(Challenge.parse(Array(field.utf8)).map(\.problem) == [problem])
    }

    @Test func survivesEveryPrefixAndByte() {
        let field = Array(#"Digest realm="d\"", nonce='n', Basic realm=b, NTLM ab/c=="#.utf8)
        for end in field.indices { _ = Challenge.parse(Array(field[..<end])) }
        for index in field.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = field
                changed[index] = byte
                _ = Challenge.parse(changed)
            }
        }
    }
}
