import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct MultipartFormTests {
    private func form() throws -> MultipartForm {
        var form = MultipartForm()
        try form.append("comment", "two\nports é")
        try form.append("file", fileName: "a.txt", contentType: "text/plain", content: .bytes([0, 13, 10, 255]))
        return form
    }

    @Test func encodes() throws {
        let encoded = try form().encoded(boundary: "xyz")
        #expect(encoded.contentType == "multipart/form-data; boundary=xyz")
        let text = [
            "--xyz", "Content-Disposition: form-data; name=\"comment\"", "", "two\nports é",
            "--xyz", "Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"", "Content-Type: text/plain",
            "", "",
        ].joined(separator: "\r\n")
        #expect(encoded.bytes == Array(text.utf8) + [0, 13, 10, 255] + Array("\r\n--xyz--\r\n".utf8))
        #expect(encoded.count == encoded.bytes?.count)
        #expect(MultipartForm().encoded(boundary: "xyz").bytes == Array("--xyz--\r\n".utf8))
    }

    @Test(arguments: [
        ("a", "a"), ("", ""), ("a\"b", "a%22b"), ("a\r\nX: y", "a%0D%0AX: y"), ("\\\"", "\\%22"), ("50%", "50%"),
        ("é東", "é東"), ("a\tb", "a\tb"), ("../../x;y=z", "../../x;y=z"),
    ])
    func encodesNames(_ name: String, _ sent: String) throws {
        var form = MultipartForm()
        try form.append(name, fileName: name, contentType: nil, content: .bytes([]))
        let head = "Content-Disposition: form-data; name=\"\(sent)\"; filename=\"\(sent)\"\r\n\r\n"
        #expect(form.encoded(boundary: "x").bytes == Array("--x\r\n\(head)\r\n--x--\r\n".utf8))
    }

    @Test(arguments: ["\0", "a\u{1b}", "\u{7f}", "\u{85}"])
    func refusesControls(_ name: String) {
        var form = MultipartForm()
        let error = #expect(throws: OpenError.self) { try form.append(name, "") }
        #expect(error?.description == "prepare: the name of a part of the form has a control (badRequest)")
        #expect(throws: OpenError.self) { try form.append("n", fileName: name, content: .bytes([])) }
        #expect(throws: OpenError.self) { try form.append("n", contentType: name, content: .bytes([])) }
        #expect(form.parts.isEmpty)
    }

    @Test(arguments: ["", "text/plain\r\nX: y", "text/plain\n"])
    func refusesContentTypes(_ contentType: String) {
        var form = MultipartForm()
        let error = #expect(throws: OpenError.self) {
            try form.append("n", contentType: contentType, content: .bytes([]))
        }
        #expect(error?.detail == "the content type of a part of the form is empty or has a control")
    }

    @Test func contentsElsewhere() throws {
        var form = MultipartForm()
        try form.append("a", "1")
        try form.append("big", fileName: "big", content: .elsewhere(count: 1_000_000))
        let encoded = form.encoded()
        #expect(encoded.bytes == nil && encoded.pieces.count == 5)
        var count = 1_000_000
        var places: [Int] = []
        for piece in encoded.pieces {
            switch piece {
            case .bytes(let bytes): count += bytes.count
            case .elsewhere(let part): places.append(part)
            }
        }
        #expect(count == encoded.count && places == [1] && form.parts[1].content.count == 1_000_000)
        let error = #expect(throws: OpenError.self) { try form.append("x", content: .elsewhere(count: -1)) }
        #expect(error?.detail == "a part of the form has a count below zero")
        try form.append("x", content: .elsewhere(count: .max))
        try form.append("y", content: .elsewhere(count: .max))
        #expect(form.encoded().count == .max)
    }

    @Test func contentsAreShared() throws {
        let content = [UInt8](repeating: 1, count: 100_000)
        var form = MultipartForm()
        try form.append("file", content: .bytes(content))
        guard case .bytes(let piece) = form.encoded().pieces[1] else { return #expect(Bool(false)) }
        func address(_ bytes: [UInt8]) -> UInt {
            unsafe bytes.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
        }
        #expect(address(content) == address(piece))
    }

    @Test func boundaryOccursNowhere() throws {
        var form = MultipartForm()
        try form.append("a", "text\r\n--xyz\r\n")
        #expect(form.occurs("xyz") && form.occurs("xy") && !form.occurs("z") && !form.occurs("xyzz"))
        var candidates = ["xyz", "xy", "abc"][...]
        #expect(form.encoded { candidates.popFirst() ?? "" }.contentType == "multipart/form-data; boundary=abc")
        let boundaries = try (0..<100).map { _ in try self.form().encoded().contentType }
        #expect(Set(boundaries).count == 100)
        #expect(boundaries.allSatisfy { $0.utf8.count == "multipart/form-data; boundary=".utf8.count + 32 })
    }

    @Test func becomesABody() throws {
        var request = try URLOpener.Request("http://h/")
        try request.setForm(try form())
        #expect(request.method == "POST" && request.fields.count == 1)
        let boundary = try #require(request.field("content-type")?.split(separator: "=").last)
        #expect(try form().encoded(boundary: String(boundary)).bytes == request.body?.bytes)
        request.setForm(["a": "b c"])
        #expect(request.body?.bytes == Array("a=b+c".utf8))
        #expect(try request.completed().field("Content-Type") == "application/x-www-form-urlencoded")
        var big = MultipartForm()
        try big.append("big", content: .elsewhere(count: 1))
        let error = #expect(throws: OpenError.self) { try request.setForm(big) }
        #expect(error?.description == "prepare http://h/: the content of a part of the form is elsewhere (badRequest)")
        #expect(request.body?.bytes == Array("a=b+c".utf8))
    }

    /// As Python's parser of MIME reads it.
    @Test func isReadByOthers() throws {
        var form = try form()
        try form.append("x\"y", fileName: "\u{e9}\r\n.bin", content: .bytes(Array("--\r\n--a\r\n\r\n".utf8)))
        let encoded = form.encoded()
        let python = try ChildProcess.python(
            """
            import email.parser, email.policy, sys
            head = b'Content-Type: ' + sys.argv[1].encode() + b'\\r\\n\\r\\n'
            body = bytes.fromhex(sys.argv[2])
            message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
            for part in message.iter_parts():
                assert part.get_content_disposition() == 'form-data'
                print(part.get_param('name', header='content-disposition'), ascii(part.get_filename()),
                    part.get_content_type(), part.get_payload(decode=True))
            """, encoded.contentType,
            try #require(encoded.bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        #expect(
            python.readToEnd() == """
                comment None text/plain b'two\\nports \\xc3\\xa9'
                file 'a.txt' text/plain b'\\x00\\r\\n\\xff'
                x%22y '\\xe9%0D%0A.bin' application/octet-stream b'--\\r\\n--a\\r\\n\\r\\n'

                """)
        #expect(python.readErrors() == "")
    }

    @Test func showsNoContent() throws {
        var form = MultipartForm()
        try form.append("pass\r\nword", "canary")
        var text = "\(form)" + String(reflecting: form) + "\(form.parts)"
        dump(form, to: &text)
        dump(form.parts, to: &text)
        #expect(!text.contains("canary") && text.hasPrefix("pass%0D%0Aword: 6 bytes"))
    }
}
