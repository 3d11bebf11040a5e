import Glibc
import TestSupport
import Testing

@testable import MinatoURL

/// 300 KB of what would take a careless program the square of its length: 10^11 steps.
///
/// Processor time of this thread is what counts, so that other work on the machine does not matter.
@Suite(.watchdog, .serialized) struct LinearTimeTests {
    private static let size = 300_000

    /// The linear ones need some seconds without optimization; the square of 300 KB would take minutes.
    private func isQuick(_ work: () throws -> Void) rethrows -> Bool {
        func time() -> Double {
            var time = timespec()
            unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        let start = time()
        try work()
        return time() - start < 30
    }

    private static func long(_ piece: String) -> String {
        String(repeating: piece, count: size / piece.utf8.count)
    }

    @Test(arguments: ["%", "%4", "%ff", "é", "+", "%e2%82"])
    func percentEncoding(_ piece: String) {
        let text = Self.long(piece)
        #expect(
            isQuick {
                _ = PercentEncoding.quotePlus(text)
                _ = PercentEncoding.unquote(text)
                _ = PercentEncoding.unquote(PercentEncoding.quote(text))
                _ = try? PercentEncoding.unquotePlus(validating: text)
            })
    }

    @Test(arguments: ["&", "=", "a=b&", "a&", ";", "%26", "+", "&\u{301}"])
    func queries(_ piece: String) throws {
        let text = Self.long(piece)
        #expect(
            try isQuick {
                let query = try URLQuery(parsing: text, keepBlankValues: true)
                _ = query.urlencoded()
                _ = try? URLQuery(parsing: text, strictly: true)
                _ = try? URLQuery(parsing: text, maximumFieldCount: 10)
            })
    }

    @Test(arguments: [
        ("", "/"), ("", "."), ("", "../"), ("", "./"), ("/", "../"), ("", "a/../"), ("/", "a/"),
        ("http://u:p@h/", "/.."),
        ("g:", "/.//"), ("", "?"), ("", "#"), ("", ":"), ("a", "+"), ("//", "@"), ("//", ":@"), ("//", "["),
        ("//[", ":"),
        ("//[", "1.1:"), ("//", "%"), ("//", "%41"), ("//h:", "0"), ("//", "\\"), ("/", "é"), ("//", "a"),
    ])
    func references(_ prefix: String, _ piece: String) throws {
        let text = prefix + Self.long(piece)
        #expect(
            try isQuick {
                // Refused is as good as parsed, if only it is quick.
                guard let reference = try? URLReference(text) else { return }
                _ = try URLReference("http://h/a/b").joined(reference).text
                _ = try reference.joined("../g").description
            })
    }

    @Test(arguments: [
        "a=',", "a=\"\\", "Basic ", "a ", "'", "=,", "Basic a=\"", "a='x", "\\", ",", "a=b c ", "a/",
        "Basic a=\"b\" c,", "a=b,", "x@",
    ])
    func challenges(_ piece: String) {
        let bytes = Array(Self.long(piece).utf8.prefix(100_000))
        #expect(isQuick { _ = Challenge.parse(bytes) })
    }

    @Test(arguments: ["-", "--", "\r\n--", "\"", "\r"])
    func forms(_ piece: String) throws {
        let text = Self.long(piece)
        #expect(
            try isQuick {
                var form = MultipartForm()
                try form.append(text, text)
                _ = form.encoded().bytes
            })
    }
}
