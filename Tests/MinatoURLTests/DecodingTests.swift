import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Encoded bodies: decoded, as they are, broken, and such as become too much.
@Suite(.watchdog) struct DecodingTests {
    private static let text = [UInt8](repeatElement(Array("the quick brown fox ".utf8), count: 100).joined())

    /// The text encoded, by Python's zlib and gzip, brotli and zstandard.
    static let encoded = [
        "gzip":
            "1f8b08000000000002032bc94855282ccd4cce56482aca2fcf5348cbaf502819151b151b151b151b151b151b151b5262004a971b3fd0"
            + "070000",
        "deflate": "789c2bc94855282ccd4cce56482aca2fcf5348cbaf502819151b151b151b151b151b151b151b526200e1b1dc8b",
        "br": "1bcf07f88d946ee6a20631a3c353686f39c824a6e508db74541648d7767b00",
        "zstd": "28b52ffd60d006e50000a074686520717569636b2062726f776e20666f7820010072bf7f3201",
    ]

    private static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.utf8.map { $0 < 0x3A ? $0 - 0x30 : $0 - 0x57 }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// Answers every request with a body and its encoding.
    private func server(_ encoding: String, _ body: [UInt8]) throws -> RawServer {
        try RawServer { connection in
            while connection.readRequest() != nil {
                connection.send(
                    "HTTP/1.1 200 OK\r\nContent-Encoding: \(encoding)\r\nContent-Length: \(body.count)\r\n\r\n")
                guard connection.send(body) else { return }
            }
        }
    }

    private func opener(_ change: (inout URLOpener.Decoding) -> Void) -> URLOpener {
        var configuration = URLOpener.Configuration()
        change(&configuration.decoding)
        return URLOpener(configuration: configuration)
    }

    /// Zeros in gzip: 1030 bytes become of one.
    private func bomb(_ size: Int) throws -> [UInt8] {
        let program = "import gzip, sys; sys.stdout.write(gzip.compress(bytes(int(sys.argv[1])), mtime=0).hex())"
        return Self.bytes(try ChildProcess.python(program, "\(size)").readToEnd())
    }

    @Test(arguments: Face.allCases, encoded.keys.sorted())
    func decodes(_ face: Face, _ encoding: String) async throws {
        try #require(CurlDecoder.acceptEncoding?.contains(encoding) == true, "libcurl was built without it")
        let body = Self.bytes(Self.encoded[encoding] ?? "")
        let server = try server(encoding, body)
        let opener = URLOpener()
        for _ in 0..<2 {
            let response = try await face.open(opener, server.url())
            #expect(response.head.head.isDecoded && response.head.field("content-encoding") == encoding)
            #expect(response.head.field("content-length") == "\(body.count)")
            #expect(try await response.body.collect(upTo: Self.text.count) == Self.text)
        }
        #expect(server.peers.count == 1)
        let accepted = server.requests.map { $0.contains("\r\nAccept-Encoding: gzip, deflate") }
        #expect(accepted == [true, true])
    }

    /// Switched off, or asked for by the request itself: as it comes. A range is not asked for encoded.
    @Test(arguments: Face.allCases)
    func leavesAlone(_ face: Face) async throws {
        let body = Self.bytes(Self.encoded["gzip"] ?? "")
        let server = try server("gzip", body)
        var own = try URLOpener.Request(server.url())
        try own.addField("Accept-Encoding", "gzip")
        var range = try URLOpener.Request(server.url())
        try range.addField("Range", "bytes=0-9")
        let rows = [
            (opener { $0.isEnabled = false }, try URLOpener.Request(server.url()), "identity"),
            (URLOpener(), own, "gzip"), (URLOpener(), range, "identity"),
        ]
        for (opener, request, encoding) in rows {
            let response = try await face.open(opener, request)
            #expect(!response.head.head.isDecoded)
            #expect(try await response.body.collect(upTo: body.count) == body)
            #expect(server.requests.last?.contains("\r\nAccept-Encoding: \(encoding)\r\n") == true)
        }
        let plain = try RawServer { $0.answerAll { _ in okay("abc") } }
        let response = try await face.open(URLOpener(), plain.url())
        #expect(!response.head.head.isDecoded && response.head.field("content-length") == "3")
        #expect(try await response.body.collect(upTo: 3) == Array("abc".utf8))
    }

    @Test(arguments: Face.allCases)
    func brokenEncodingsAreErrors(_ face: Face) async throws {
        let gzip = Self.bytes(Self.encoded["gzip"] ?? "")
        let rows: [(String, [UInt8], OpenError.Code)] = [
            ("gzip", Array("this is no gzip at all".utf8), .badEncoding), ("unheard-of", gzip, .badEncoding),
            ("gzip", gzip.dropLast(8) + [1, 2, 3, 4, 5, 6, 7, 8], .badEncoding),
            ("gzip", gzip.dropLast(8) + Array("more than a gzip has behind its end".utf8), .badEncoding),
            ([String](repeating: "gzip", count: 50).joined(separator: ", "), gzip, .badEncoding),
        ]
        for (encoding, body, code) in rows {
            let server = try server(encoding, body)
            let opener = URLOpener()
            for _ in 0..<2 {
                let error = await #expect(throws: OpenError.self) {
                    try await face.open(opener, server.url()).body.collect(upTo: 1 << 20)
                }
                #expect(error?.code == code, "\(error as Any)")
            }
        }
    }

    /// 32 MiB in 32 KiB: more than a thousand for one.
    @Test(arguments: Face.allCases)
    func bombsDoNotGoOff(_ face: Face) async throws {
        let server = try server("gzip", bomb(32 << 20))
        let error = await #expect(throws: OpenError.self) {
            try await face.open(URLOpener(), server.url()).body.collect(upTo: 1 << 30)
        }
        #expect(error?.code == .decodedTooLarge && error?.operation == .read, "\(error as Any)")
        let counting = opener {
            $0.maximumRatio = .max
            $0.maximumCount = 3 << 20
        }
        let other = await #expect(throws: OpenError.self) {
            try await face.open(counting, server.url()).body.collect(upTo: 1 << 30)
        }
        #expect(other?.detail.hasSuffix("bytes have become more than \(3 << 20)") == true, "\(other as Any)")
        #expect(server.peers.count == 2)
        // Within the limits all of it comes, though the transfer pauses again and again.
        let free = opener { $0.maximumRatio = .max }
        let body = try await face.open(free, server.url()).body
        var count = 0
        while case let bytes = try await body.read(atMost: 1 << 20), !bytes.isEmpty { count += bytes.count }
        #expect(count == 32 << 20)
    }

    /// What libcurl has decoded meanwhile breaks the limit when the transfer goes on after a pause: it ends then and there.
    @Test func bombsDoNotStandStillAfterAPause() async throws {
        let server = try server("gzip", bomb(32 << 20))
        for _ in 0..<20 {
            let response = try await URLOpener().open(server.url(), timeout: .seconds(40))
            while response.body.pipe.hasRoom { await Task.yield() }
            let error = await #expect(throws: OpenError.self) { try await response.body.collect(upTo: 1 << 30) }
            #expect(error?.code == .decodedTooLarge && error?.operation == .read, "\(error as Any)")
        }
    }

    /// 80 MiB in 132 bytes, while nobody reads: libcurl keeps what it decodes, up to 64 MiB, and calls it out of memory.
    @Test(arguments: Face.allCases)
    func bombsDoNotGoOffWhileNobodyReads(_ face: Face) async throws {
        try #require(CurlDecoder.acceptEncoding?.contains("br") == true, "libcurl was built without it")
        let bomb = Self.bytes(
            "cbffff3ff82700e2b14020f7fe8fffff7ff04f00c4611180eefd1fffffffe09f0088c30200ddfb3ffeffffc13f0110870500baf77ffcffff"
                + "837f02200e0b0074effff8ffff07ff04401c1600e8defff1ffff0ffe0980382c00d0bdffe3ffff1ffc1300715800a07bffc7ffff3f"
                + "f82700e2b00040f7fe8fffff7ff04f00c4610180eefddf")
        let server = try server("br", bomb)
        let body = try await face.open(opener { $0.maximumRatio = .max }, server.url()).body
        let error = await #expect(throws: OpenError.self) {
            while case let bytes = try await body.read(atMost: 1 << 16), !bytes.isEmpty {}
        }
        #expect(error?.code == .decodedTooLarge && error?.curlCode == 27, "\(error as Any)")
        #expect(error?.detail == "more than 64 MiB were decoded while nobody read them")
    }
}
