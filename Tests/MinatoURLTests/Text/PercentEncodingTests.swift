import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct PercentEncodingTests {
    @Test(arguments: [("%2e%2E/%61%2f%7e%zz%4", "../a%2f~%zz%4")])
    func decodesUnreserved(_ text: String, _ result: String) {
        #expect(PercentEncoding.decodeUnreserved(text) == result)
    }

    @Test(arguments: [
        ("", ""), ("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%%41", "%A"), ("%4%41", "%4A"), ("%2541", "%41"),
        ("%e2%82", "\u{FFFD}"),
        ("%ff%fe", "\u{FFFD}\u{FFFD}"), ("é%C3%A9é", "ééé"), ("%c3é", "\u{FFFD}é"), ("a+b", "a+b"),
        ("%0d%0a%00", "\r\n\0"),
    ])
    func unquotesLeniently(_ text: String, _ result: String) {
        #expect(PercentEncoding.unquote(text) == result)
        #expect(PercentEncoding.unquotePlus(text.replacing("a+b", with: "a%2bb")) == result)
        #expect(String(decoding: PercentEncoding.unquoteToBytes(text), as: UTF8.self) == result)
    }

    @Test(arguments: ["%", "a%4", "%zz", "%%41", "x%+1"])
    func refusesWhatIsNoTriplet(_ text: String) {
        for plus in [false, true] {
            let error = #expect(throws: OpenError.self) {
                try plus ? PercentEncoding.unquotePlus(validating: text) : PercentEncoding.unquote(validating: text)
            }
            #expect(error?.description == "parse: a percent sign without two hexadecimal digits (badEncoding)")
        }
    }

    @Test(arguments: ["%ff", "%c3", "%c3é", "%ed%a0%80", "%c0%80", "%f4%90%80%80"])
    func refusesWhatIsNotUTF8(_ text: String) {
        for plus in [false, true] {
            let error = #expect(throws: OpenError.self) {
                try plus ? PercentEncoding.unquotePlus(validating: text) : PercentEncoding.unquote(validating: text)
            }
            #expect(error?.description == "parse: the decoded bytes are not UTF-8 (badEncoding)")
        }
    }

    @Test func quotesEveryByte() throws {
        let unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"
        for byte in UInt8.min...UInt8.max {
            let plain = byte < 0x80 && unreserved.utf8.contains(byte)
            let quoted = PercentEncoding.quote(bytes: [byte], safe: "")
            #expect(quoted.utf8.count == (plain ? 1 : 3) && PercentEncoding.unquoteToBytes(quoted) == [byte])
            let plus = PercentEncoding.quotePlus(bytes: [byte])
            #expect(plus == (byte == 0x20 ? "+" : quoted))
            #expect(
                PercentEncoding.unquoteToBytes(quoted.lowercased()) == [
                    plain ? quoted.lowercased().utf8.first ?? 0 : byte
                ])
        }
        #expect(PercentEncoding.quote(bytes: UInt8.min...UInt8.max).utf8.count == 66 + 1 + 3 * 189)
    }

    @Test func safeIsForASCII() {
        #expect(PercentEncoding.quote("é/ü", safe: "é") == "%C3%A9%2F%C3%BC")
        #expect(PercentEncoding.quote("a b", safe: " ") == "a b")
        #expect(PercentEncoding.quotePlus("a b", safe: " ") == "a+b")
        #expect(PercentEncoding.quote("aé b"[...].dropFirst()) == "%C3%A9%20b")
    }

    @Test func roundTrips() throws {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<500 {
            let text = generator.anyText(upTo: 20)
            for safe in ["", "/", "/;:@&=+$,!*'()"] {
                let quoted = PercentEncoding.quote(text, safe: safe)
                #expect(PercentEncoding.unquote(quoted).utf8.elementsEqual(text.utf8))
                #expect(try PercentEncoding.unquote(validating: quoted).utf8.elementsEqual(text.utf8))
                #expect(quoted.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            }
            let plus = PercentEncoding.quotePlus(text)
            #expect(PercentEncoding.unquotePlus(plus).utf8.elementsEqual(text.utf8))
            #expect(try PercentEncoding.unquotePlus(validating: plus).utf8.elementsEqual(text.utf8))
        }
    }
}
