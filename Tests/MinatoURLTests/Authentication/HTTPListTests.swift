import TestSupport
import Testing

@testable import MinatoURL

/// The lists against those that Python makes.
@Suite(.watchdog) struct HTTPListTests {
    @Test func vectors() throws {
        let rows = try Authentication.vectors("parse_http_list.json", "row['arguments'] + row['result']")
        #expect(rows.count == 5)
        for row in rows { #expect(HTTPList.elements(row[0]) == Array(row[1...])) }
    }

    /// Two thousand texts made of what matters, and what Python makes of them: elements, then pairs or a raised error.
    @Test func agreesWithPython() throws {
        let program = """
            import random, urllib.request
            random.seed(5)
            for _ in range(2000):
                text = ''.join(random.choice('ab=",\\\\ ') for _ in range(random.randrange(12)))
                elements = urllib.request.parse_http_list(text)
                try:
                    pairs = urllib.request.parse_keqv_list(elements)
                    pairs = '|'.join(f'{name}>{pairs[name]}' for name in sorted(pairs))
                except (ValueError, IndexError):
                    pairs = 'none'
                print(text, '|'.join(elements), pairs, sep='\\t')
            """
        let lines = Authentication.lines(try ChildProcess.python(program))
        #expect(lines.count == 2000)
        for line in lines {
            let row = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            let elements = HTTPList.elements(row[0])
            #expect(elements.joined(separator: "|") == row[1])
            let pairs = HTTPList.pairs(elements)?.sorted { $0.key < $1.key }
            #expect(pairs.map { $0.map { "\($0.key)>\($0.value)" }.joined(separator: "|") } ?? "none" == row[2])
        }
    }

    @Test func keepsScalarsWhole() {
        // An accent after a quote or a comma belongs to no character of ours.
        #expect(HTTPList.elements("a,\u{301}b") == ["a", "\u{301}b"])
        #expect(HTTPList.pairs(["a=\"\u{301}b\""]) == ["a": "\u{301}b"])
        #expect(HTTPList.pairs(["=\u{301}"]) == ["": "\u{301}"])
    }
}
