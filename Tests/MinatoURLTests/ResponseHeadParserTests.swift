import HTTPTypes
import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct ResponseHeadParserTests {
    /// Parses a whole text, line by line as libcurl hands it over.
    private func parse(_ text: String) throws(ResponseHeadParser.Problem) -> ResponseHeadParser {
        var parser = ResponseHeadParser()
        var line: [UInt8] = []
        for byte in text.utf8 {
            line.append(byte)
            guard byte == 0x0A else { continue }
            try parser.take(line.span)
            line = []
        }
        return parser
    }

    @Test func readsAHead() throws {
        let parser = try parse(
            "HTTP/1.1 200 Very  OK \r\nA: 1\r\nb:2\r\na:\t 3 \r\nEmpty:\r\nFold: x\r\n  y\r\nLF: only\nUTF: \u{e9}\r\n\r\n"
        )
        let head = try #require(parser.head)
        #expect(head.status == 200 && head.reason == "Very  OK" && head.httpVersion == "1.1")
        #expect(head.fields.map(\.value) == ["1", "2", "3", "", "x y", "only", "\u{e9}"])
        #expect(try parse("HTTP/1.1 200 OK\r\nFold: x \t\r\n \t y \r\n\r\n").head?.fields.map(\.value) == ["x y"])
        #expect(head.fields[values: try #require(HTTPField.Name("A"))] == ["1", "3"])
        #expect(head.contentLength == nil && !parser.mustClose && !parser.isChunked)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK", 200, "1.1", "OK"), ("HTTP/1.0 404 ", 404, "1.0", ""), ("HTTP/2 204 ", 204, "2", ""),
        ("HTTP/1.1 599", 599, "1.1", ""),
    ])
    func readsStatusLines(_ line: String, _ status: Int, _ version: String, _ reason: String) throws {
        let head = try #require(try parse(line + "\r\n\r\n").head)
        #expect(head.status == status && head.httpVersion == version && head.reason == reason)
    }

    @Test(arguments: [
        ("HTTP/1.1 999 OK", OpenError.Code.badStatusLine), ("HTTP/1.1 099 OK", .badStatusLine),
        ("HTTP/1.1 600 OK", .badStatusLine), ("HTTP/1.1 2000 OK", .badStatusLine), ("HTTP/1.1 20x OK", .badStatusLine),
        ("HTTP/1.1 +20 OK", .badStatusLine), ("HTTP/9.9 200 OK", .badStatusLine), ("HTTP/1.1", .badStatusLine),
        ("HTTP/2 200 OK", .badStatusLine), ("HTTP/2.0 200 ", .badStatusLine), ("HTTP/3 200 ", .badStatusLine),
        ("hello", .badStatusLine), ("HTTP/1.1 101 Switching", .unexpectedUpgrade),
        ("HTTP/1.1 200 OK\r\nA : 1", .badHeader), ("HTTP/1.1 200 OK\r\nno colon", .badHeader),
        ("HTTP/1.1 200 OK\r\n: 1", .badHeader), ("HTTP/1.1 200 OK\r\nA: x\ry", .badHeader),
        ("HTTP/1.1 200 OK\r\nA: x\0y", .badHeader), ("HTTP/1.1 200 O\u{7}K", .badHeader),
        ("HTTP/1.1 200 OK\r\n folded first", .badHeader), ("HTTP/1.1 200 OK\r\n:path: x", .badHeader),
        ("HTTP/1.1 200 OK\r\nContent-Length: +3", .badHeader), ("HTTP/1.1 200 OK\r\nContent-Length: -3", .badHeader),
        ("HTTP/1.1 200 OK\r\nContent-Length:", .badHeader), ("HTTP/1.1 200 OK\r\nContent-Length: 3,", .badHeader),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999", .badHeader),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0x3", .badHeader), ("HTTP/1.1 200 OK\r\nContent-Length: 3 3", .badHeader),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\ncontent-length: 4", .ambiguousLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3, 4", .ambiguousLength),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, gzip, gzip, chunked", .badEncoding),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: identity", .badEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding:", .badEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .badEncoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n , gzip", .badHeader),
    ])
    func refuses(_ text: String, _ code: OpenError.Code) {
        let problem = #expect(throws: ResponseHeadParser.Problem.self) { try parse(text + "\r\n\r\n") }
        #expect(problem?.code == code)
    }

    /// Whatever byte, and wherever in words of eight bytes it stands.
    @Test func refusesControls() throws {
        let text = Array("A: 0123456789abcdefghi\r\n".utf8)
        // A tab has the bytes behind it looked at one by one.
        for (place, hasTab) in (3..<21).flatMap({ [($0, false), ($0, true)] }) {
            for byte in 0...UInt8.max where byte != 0x0A {
                var line = text
                line[place] = byte
                if hasTab { line[place - 1] = UInt8(ascii: "\t") }
                var parser = ResponseHeadParser()
                try parser.take(Array("HTTP/1.1 200 OK\r\n".utf8).span)
                let isControl = byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F
                var isRefused = false
                do throws(ResponseHeadParser.Problem) { try parser.take(line.span) } catch { isRefused = true }
                #expect(isRefused == isControl, "\(byte) at \(place)")
            }
        }
    }

    /// RFC 9110 section 5.6.2.
    @Test func knowsTokens() {
        let tokens = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        for byte in 0...UInt8.max { #expect(HTTPSyntax.isTokenByte(byte) == tokens.contains(byte), "\(byte)") }
    }

    @Test(arguments: [("3", 3), ("3, 3", 3), ("3\r\nContent-Length: 3", 3), ("003", 3), ("0", 0)])
    func takesTheSameLengthTwice(_ value: String, _ length: Int) throws {
        let parser = try parse("HTTP/1.1 200 OK\r\nContent-Length: \(value)\r\n\r\n")
        #expect(parser.head?.contentLength == length)
    }

    @Test func lengthBesideChunksClosesTheConnection() throws {
        let parser = try parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n")
        #expect(parser.mustClose && parser.isChunked)
        #expect(parser.contentLength == nil && parser.head?.contentLength == nil)
    }

    @Test func skipsInformationalResponsesUpToTen() throws {
        let early = "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
        let final = "HTTP/1.1 200 OK\r\n\r\n"
        let head = try #require(try parse(String(repeating: early, count: 10) + final).head)
        #expect(head.status == 200 && head.fields.isEmpty)
        let problem = #expect(throws: ResponseHeadParser.Problem.self) {
            try parse(String(repeating: early, count: 11) + final)
        }
        #expect(problem?.code == .headersTooLarge)
    }

    @Test func capsLinesAndBytes() throws {
        let lines = { (count: Int) in String(repeating: "A: 1\r\n", count: count) }
        #expect(try parse("HTTP/1.1 200 OK\r\n" + lines(100) + "\r\n").head?.fields.count == 100)
        #expect(throws: ResponseHeadParser.Problem.self) { try parse("HTTP/1.1 200 OK\r\n" + lines(101) + "\r\n") }
        let long = "A: " + String(repeating: "x", count: 60_000) + "\r\n"
        #expect(try parse("HTTP/1.1 200 OK\r\n" + String(repeating: long, count: 5) + "\r\n").head != nil)
        #expect(throws: ResponseHeadParser.Problem.self) {
            try parse("HTTP/1.1 200 OK\r\n" + String(repeating: long, count: 6) + "\r\n")
        }
    }

    @Test func trailersAreCheckedAndDropped() throws {
        let head = "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n"
        #expect(try parse(head + "Trailer: 1\r\n\r\n").head?.fields.count == 1)
        #expect(throws: ResponseHeadParser.Problem.self) { try parse(head + "Bad\rTrailer: 1\r\n") }
    }
}
