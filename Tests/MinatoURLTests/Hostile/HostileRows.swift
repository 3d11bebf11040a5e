@testable import MinatoURL

extension HostileRow {
    private static let chunked = "Transfer-Encoding: chunked\r\n"
    private static let control = "a control in a line of the head"
    private static let noField = "a line of the head is no field"
    private static let noNumber = "a Content-Length is no number of at most 19 digits"
    private static let badValue = "Invalid Content-Length: value"
    private static let noStatus = "the response does not begin with a status line of HTTP"
    private static let noHTTP3 = "Unsupported HTTP version (3.0) in response"
    private static let notFollowed = "the redirect cannot be followed"
    private static let noSize = "Illegal or missing hexadecimal sequence in chunked-encoding"
    private static let oldHTTP = "Received HTTP/0.9 when not allowed"
    private static let wrongDigits = "Unsupported response code in HTTP response"
    private static let reset = "Recv failure: Connection reset by peer"
    private static let unknownEncoding =
        "Unrecognized content encoding type. libcurl understands deflate, gzip, br, zstd content encodings."
    private static let notChunked = "a Transfer-Encoding that is not chunked alone"
    private static let tooMuch = "the head has more than 100 lines or 300 KiB"

    /// Each with the words of its error.
    static let all = lengths + chunks + lines + statusLines + informational + ends + encodings + excess + redirects

    /// How long the body is.
    private static let lengths = [
        HostileRow(
            "truncated", fields: "Content-Length: 9\r\n", body: "abc",
            .body(.truncated, "transfer closed with 6 bytes remaining to read", after: 3), ending: .server),
        HostileRow(
            "two lengths", fields: "Content-Length: 3\r\nContent-Length: 4\r\n", body: "abcd",
            .head(.ambiguousLength, "two Content-Length that differ")),
        HostileRow(
            "two lengths in one", fields: "Content-Length: 3, 4\r\n", body: "abcd",
            .head(.ambiguousLength, "two Content-Length that differ")),
        HostileRow("the same length twice", fields: "Content-Length: 3, 3\r\n", body: "abc", .okay("abc")),
        HostileRow("a signed length", fields: "Content-Length: +3\r\n", body: "abc", .head(.badHeader, noNumber)),
        HostileRow("a negative length", fields: "Content-Length: -3\r\n", body: "abc", .head(.badHeader, badValue)),
        HostileRow(
            "20 digits", fields: "Content-Length: 99999999999999999999\r\n", body: "abc", .head(.badHeader, noNumber)),
        HostileRow(
            "20 digits that are few", fields: "Content-Length: 00000000000000000003\r\n", body: "abc",
            .head(.badHeader, noNumber)),
        HostileRow(
            "19 digits", fields: "Content-Length: 9223372036854775807\r\n", body: "abc",
            .body(.truncated, "transfer closed with 9223372036854775804 bytes remaining to read", after: 3),
            ending: .server),
        HostileRow("a hexadecimal length", fields: "Content-Length: 0x3\r\n", body: "abc", .head(.badHeader, noNumber)),
        HostileRow("an empty length", fields: "Content-Length:\r\n", body: "abc", .head(.badHeader, badValue)),
        HostileRow(
            "length and chunks", fields: "Content-Length: 9\r\n" + chunked, body: "3\r\nabc\r\n0\r\n\r\n", .okay("abc"),
            ending: .client),
    ]

    private static let chunks = [
        HostileRow(
            "no last chunk", fields: chunked, body: "3\r\nabc\r\n",
            .body(.truncated, "transfer closed with outstanding read data remaining", after: 3), ending: .server),
        HostileRow(
            "half a chunk", fields: chunked, body: "5\r\nabc",
            .body(.truncated, "transfer closed with outstanding read data remaining", after: 3), ending: .server),
        HostileRow("no size", fields: chunked, body: "zz\r\nabc\r\n", .body(.badChunk, noSize, after: 0)),
        HostileRow("a negative size", fields: chunked, body: "-1\r\nabc\r\n", .body(.badChunk, noSize, after: 0)),
        HostileRow(
            "a huge size", fields: chunked, body: "fffffffffffffffff\r\nabc\r\n",
            .body(.badChunk, "Too long hexadecimal number in chunked-encoding", after: 0)),
        HostileRow(
            "no line end after a chunk", fields: chunked, body: "3\r\nabcde\r\n",
            .body(.badChunk, "Malformed encoding found in chunked-encoding", after: 3)),
        HostileRow("a chunk extension", fields: chunked, body: "3;x=\"y\"\r\nabc\r\n0\r\n\r\n", .okay("abc")),
    ]

    private static let lines = [
        HostileRow("a NUL", fields: "A: b\0c\r\n", .head(.badHeader, "Nul byte in header")),
        HostileRow("no colon", fields: "no colon\r\n", .head(.badHeader, "Header without colon")),
        HostileRow("a bare CR in a name", fields: "A\rb: c\r\n", .head(.badHeader, noField)),
        HostileRow("a bare CR", fields: "A: b\rc\r\n", .head(.badHeader, control)),
        HostileRow("a space before the colon", fields: "A : b\r\n", .head(.badHeader, noField)),
        HostileRow("no name", fields: ": b\r\n", .head(.badHeader, noField)),
        HostileRow(
            "a fold first", fields: " folded\r\nContent-Length: 0\r\n",
            .head(.badHeader, "Header without colon")),
        HostileRow("a control", fields: "A: \u{1}\r\n", .head(.badHeader, control)),
        HostileRow("bare LF", "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", .okay("abc")),
        HostileRow("a fold", fields: "A: b\r\n c\r\nContent-Length: 3\r\n", body: "abc", .okay("abc")),
        HostileRow("101 lines", fields: String(repeating: "A: 1\r\n", count: 101), .head(.headersTooLarge, tooMuch)),
        HostileRow(
            "a line of 100 KiB", fields: "A: \(String(repeating: "x", count: 100 << 10))\r\n",
            .head(.headersTooLarge, "a line of the head is longer than 100 KiB")),
        HostileRow(
            "300 KiB", fields: String(repeating: "A: \(String(repeating: "x", count: 8000))\r\n", count: 39),
            .head(.headersTooLarge, tooMuch)),
    ]

    private static let statusLines = [
        HostileRow("HTTP/0.9", "just text", .head(.badStatusLine, oldHTTP)),
        HostileRow(
            "HTTP/9.9", "HTTP/9.9 200 OK\r\n\r\n",
            .head(.badStatusLine, "Unsupported HTTP version (9.9) in response")),
        HostileRow("four digits", "HTTP/1.1 2000 OK\r\n\r\n", .head(.badStatusLine, wrongDigits)),
        HostileRow("two digits", "HTTP/1.1 20 OK\r\n\r\n", .head(.badStatusLine, wrongDigits)),
        HostileRow("999", "HTTP/1.1 999 OK\r\n\r\n", .head(.badStatusLine, noStatus)),
        HostileRow("600", "HTTP/1.1 600 OK\r\n\r\n", .head(.badStatusLine, noStatus)),
        HostileRow("099", "HTTP/1.1 099 OK\r\n\r\n", .head(.badStatusLine, wrongDigits)),
        // Over plain TCP nobody speaks HTTP/2: believed, its connection would not be looked at before it is used again.
        HostileRow("HTTP/2", "HTTP/2 200 \r\nContent-Length: 3\r\n\r\nabc", .head(.badStatusLine, noStatus)),
        HostileRow("HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", .head(.badStatusLine, noStatus)),
        HostileRow("HTTP/3", "HTTP/3 200 \r\n\r\n", .head(.badStatusLine, noHTTP3)),
        HostileRow("SSH", "SSH-2.0-OpenSSH_9.2\r\n", .head(.badStatusLine, oldHTTP)),
    ]

    private static let informational = [
        HostileRow(
            "101", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nraw",
            .head(.unexpectedUpgrade, "the server switched protocols without being asked")),
        HostileRow(
            "11 informational",
            String(repeating: "HTTP/1.1 103 Early\r\n\r\n", count: 11) + okay(""),
            .head(.headersTooLarge, "more than 10 informational responses")),
        HostileRow(
            "10 informational", String(repeating: "HTTP/1.1 102 Wait\r\n\r\n", count: 10) + okay("abc"), .okay("abc")),
    ]

    private static let ends = [
        HostileRow("nothing", "", .head(.emptyReply, "Empty reply from server"), ending: .server),
        HostileRow(
            "half a head", "HTTP/1.1 200 OK\r\nA: b", .head(.truncated, "the response ends in its head"),
            ending: .server),
        HostileRow("a reset", "", .head(.connectionReset, reset), ending: .reset),
        HostileRow("a reset in the head", "HTTP/1.1 200 OK\r\nA: b", .head(.connectionReset, reset), ending: .reset),
        HostileRow(
            "a reset in the body", fields: "Content-Length: 9\r\n", body: "abc",
            .body(.connectionReset, reset, after: 3),
            ending: .reset),
        HostileRow(
            "a reset in a chunk", fields: chunked, body: "9\r\nabc", .body(.connectionReset, reset, after: 3),
            ending: .reset),
    ]

    private static let encodings = [
        HostileRow(
            "bad gzip", fields: "Content-Encoding: gzip\r\nContent-Length: 22\r\n", body: "this is no gzip at all",
            .body(.badEncoding, "Error while processing content unencoding: incorrect header check", after: 0)),
        HostileRow(
            "an unknown encoding", fields: "Content-Encoding: zap\r\nContent-Length: 3\r\n", body: "abc",
            .body(.badEncoding, unknownEncoding, after: 0)),
        HostileRow(
            "50 encodings",
            fields: "Content-Encoding: \([String](repeating: "gzip", count: 50).joined(separator: ", "))\r\n",
            body: "abc",
            .head(.badEncoding, "Reject response due to more than 5 content encodings")),
        // libcurl decodes these unasked, and no limit holds for it.
        HostileRow(
            "a transfer encoding", fields: "Transfer-Encoding: gzip\r\n", body: "abc",
            .head(.badEncoding, notChunked)),
        HostileRow(
            "a transfer encoding in chunks", fields: "Transfer-Encoding: gzip, chunked\r\n",
            body: "3\r\nabc\r\n0\r\n\r\n", .head(.badEncoding, notChunked)),
        HostileRow(
            "chunks in chunks", fields: "Transfer-Encoding: chunked, chunked\r\n", body: "3\r\nabc\r\n0\r\n\r\n",
            .head(.badEncoding, notChunked)),
    ]

    /// What follows the response is dropped, and with it the connection.
    private static let excess = [
        HostileRow("bytes after the body", okay("abc") + okay("EVIL"), .okay("abc"), ending: .client),
        HostileRow("bytes after an empty body", okay("") + okay("EVIL"), .okay(""), ending: .client),
        HostileRow(
            "bytes after the last chunk", fields: chunked, body: "3\r\nabc\r\n0\r\n\r\n" + okay("EVIL"), .okay("abc"),
            ending: .client),
        HostileRow(
            "bytes after 204", "HTTP/1.1 204 No Content\r\n\r\n" + okay("EVIL"), .okay(""), ending: .client),
        HostileRow("line ends after the body", okay("abc") + "\r\n\r\n", .okay("abc"), ending: .client),
    ]

    private static func redirect(_ name: String, _ location: String, _ outcome: Outcome) -> HostileRow {
        let head = "HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n"
        // A response that is right in itself: its connection serves the next request, too.
        return HostileRow(name, head, outcome, ending: .nobody)
    }

    /// Relative ones come back to the same row, as a whole; nobody connects to the server for the others.
    private static let redirects = [
        redirect("a loop", "?loop", .head(.tooManyRedirects, "more than 4 redirects to the same URL")),
        redirect("an endless chain", "0/", .head(.tooManyRedirects, "more than 10 redirects")),
        redirect(
            "to a file", "file:///etc/passwd",
            .head(.unsupportedScheme, "\(notFollowed): the scheme file is not supported")),
        redirect(
            "to ftp", "ftp://127.0.0.1:00000/",
            .head(.unsupportedScheme, "\(notFollowed): the scheme ftp is not supported")),
        redirect(
            "to gopher", "gopher://127.0.0.1:00000/x",
            .head(.unsupportedScheme, "\(notFollowed): the scheme gopher is not supported")),
    ]
}
