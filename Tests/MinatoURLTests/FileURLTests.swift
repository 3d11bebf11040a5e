import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// `file:` URLs, and what else handlers read while the body is read.
@Suite(.watchdog) struct FileURLTests {
    private static let opener = URLOpener(FileHandler())

    /// Name, as it is in the URL, and type.
    @Test(
        arguments: [
            ("plain.txt", "plain.txt", "text/plain"), ("PAGE.HTML", "PAGE.HTML", "text/html"),
            ("a%20b%25.json", "a b%.json", "application/json"), ("%e6%b8%af", "\u{6e2f}", MediaType.unknown),
            ("\u{6e2f}.png", "\u{6e2f}.png", "image/png"), (".txt", ".txt", MediaType.unknown),
            ("x.", "x.", MediaType.unknown), ("x.tar.gz", "x.tar.gz", "application/gzip"),
            ("a@b%3F.csv#part", "a@b?.csv", "text/csv"),
        ])
    func answers(_ inURL: String, _ name: String, _ type: String) async throws {
        let directory = try TemporaryDirectory()
        let content = pattern(300_000)
        _ = try directory.write(name, content)
        for face in Face.allCases {
            for start in ["file://", "file:", "FILE://LocalHost"] {
                let response = try await face.open(Self.opener, "\(start)\(directory.path)/\(inURL)")
                #expect(response.status == 200 && response.head.field("Content-Type") == type)
                #expect(response.head.field("Content-Length") == "300000")
                #expect(response.url.hasPrefix("file://\(directory.path)/"))
                #expect(try await response.body.read(10) == Array(content[..<10]))
                #expect(try await response.body.collect(upTo: 300_000) == Array(content[10...]))
                #expect(try await response.body.read(1) == [])
            }
        }
    }

    @Test func agreesWithPython() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("file.html", Array("<p>".utf8))
        // 2004-02-29T23:59:58Z, and before 1970.
        for time in [1_078_099_198, 0, -1, 4_102_444_800] {
            var times = (timespec(tv_sec: time, tv_nsec: 0), timespec(tv_sec: time, tv_nsec: 500_000_000))
            let result = unsafe withUnsafePointer(to: &times) {
                unsafe $0.withMemoryRebound(to: timespec.self, capacity: 2) { unsafe utimensat(AT_FDCWD, path, $0, 0) }
            }
            #expect(result == 0)
            let rows = try PythonTable.rows(
                """
                from urllib.request import urlopen
                with urlopen(sys.argv[1]) as answer:
                    fields = answer.headers
                    row(fields['content-type'], fields['content-length'], fields['last-modified'], answer.read())
                """, ["file://\(path)"])
            let response = try await Self.opener.open("file://\(path)")
            let fields = ["Content-Type", "Content-Length", "Last-Modified"].map { response.field($0) }
            let content = String(decoding: try await response.body.collect(upTo: 9), as: UTF8.self)
            #expect([fields + [content]] == rows, "\(time): \(fields), \(rows)")
        }
    }

    /// None of them waits: a pipe would, for somebody who writes.
    @Test(arguments: Face.allCases)
    func refuses(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        #expect(unsafe mkfifo(directory.file("pipe"), 0o600) == 0)
        _ = try directory.write("file", [1])
        let before = LeakCheck.openDescriptors().filter { $0.value.hasPrefix(directory.path) }
        for (name, code) in [("none", ENOENT), ("", EISDIR), ("pipe", EINVAL), ("file/x", ENOTDIR)] {
            let error = await #expect(throws: OpenError.self) {
                try await face.open(Self.opener, "file://\(directory.path)/\(name)")
            }
            #expect(error?.code == .fileFailed && error?.systemCode == code, "\(name): \(error as Any)")
        }
        let url = "file://\(directory.path)/file"
        for method in ["POST", "DELETE"] {
            let request = try URLOpener.Request(url, method: method)
            let error = await #expect(throws: OpenError.self) { try await face.open(Self.opener, request) }
            #expect(error?.code == .badRequest)
        }
        let error = await #expect(throws: OpenError.self) { try await face.open(URLOpener(), url) }
        #expect(error?.description == "handle \(url): no handler answers the scheme file (unsupportedScheme)")
        let head = try await face.open(Self.opener, URLOpener.Request(url, method: "HEAD"))
        #expect(head.head.field("Content-Length") == "1")
        #expect(try await head.body.collect(upTo: 1) == [])
        #expect(LeakCheck.openDescriptors().filter { $0.value.hasPrefix(directory.path) } == before)
    }

    @Test(arguments: Face.allCases)
    func neverByRedirect(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("secret", [1])
        let transport = MockTransport { _ in .init(status: 302, fields: [("Location", "file://\(path)")]) }
        let error = await #expect(throws: OpenError.self) {
            try await face.open(URLOpener(FileHandler(), FTPHandler(), transport: transport), "http://h/")
        }
        #expect(error?.code == .unsupportedScheme && error?.status == 302)
    }

    /// What was announced is what comes, or an error.
    @Test(arguments: Face.allCases)
    func filesThatChange(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("file", pattern(200_000))
        let response = try await face.open(Self.opener, "file://\(path)")
        #expect(try await response.body.read(1).count == 1)
        #expect(unsafe truncate(path, 100_000) == 0)
        let error = await #expect(throws: OpenError.self) { try await response.body.collect(upTo: 300_000) }
        #expect(error?.code == .truncated && error?.operation == .read)

        let growing = try await face.open(Self.opener, "file://\(path)")
        #expect(unsafe truncate(path, 150_000) == 0)
        #expect(try await growing.body.collect(upTo: 300_000).count == 100_000)
    }

    @Test(arguments: Face.allCases)
    func closingClosesTheFile(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("file", pattern(200_000))
        func isOpen() -> Bool { LeakCheck.openDescriptors().values.contains(path) }
        let response = try await face.open(Self.opener, "file://\(path)")
        #expect(try await response.body.read(1).count == 1)
        #expect(isOpen())
        response.close()
        #expect(!isOpen())
        let error = await #expect(throws: OpenError.self) { try await response.body.read(1) }
        #expect(error?.code == .closed)
        _ = try await face.open(Self.opener, "file://\(path)").body.collect(upTo: 200_000)
        #expect(!isOpen(), "read to its end")
        do { _ = try await face.open(Self.opener, "file://\(path)") }
        #expect(!isOpen(), "dropped")
    }

    /// Answers with numbered pieces and counts how often it is asked; after the third one it throws.
    private struct Pieces: OpenerHandler {
        struct Failure: Error {}
        let count = Guarded(0)

        func answer(
            _ request: URLOpener.Request, in exchange: URLOpener.Exchange
        ) throws(OpenError) -> URLOpener.Answer? {
            let count = count
            return URLOpener.Answer(head: .init(status: 200)) {
                let number = count.withLock { count in
                    count += 1
                    return count
                }
                if request.url.hasSuffix("/open-error"), number == 2 {
                    throw OpenError(.limitExceeded, url: request.url, detail: "a limit of mine")
                }
                guard number < 4 else { throw Failure() }
                return [UInt8](repeating: UInt8(number), count: 3)
            }
        }
    }

    @Test(arguments: Face.allCases)
    func answersAreMadeAsTheyAreRead(_ face: Face) async throws {
        let pieces = Pieces()
        let response = try await face.open(URLOpener(pieces), "http://h/")
        #expect(pieces.count.withLock { $0 } == 0)
        #expect(try await response.body.read(2) == [1, 1])
        #expect(pieces.count.withLock { $0 } == 1)
        #expect(try await response.body.read(4) == [1, 2, 2, 2])
        #expect(pieces.count.withLock { $0 } == 2)
        let error = await #expect(throws: OpenError.self) { try await response.body.read(4) }
        #expect(error?.code == .bodyFailed && error?.cause is Pieces.Failure)
        #expect(pieces.count.withLock { $0 } == 4)
        #expect(try await response.body.read(3) == [3, 3, 3])
        await #expect(throws: OpenError.self) { try await response.body.read(1) }
        #expect(pieces.count.withLock { $0 } == 4, "it is not asked again")

        let other = try await face.open(URLOpener(Pieces()), "http://h/open-error")
        let own = await #expect(throws: OpenError.self) { try await other.body.collect(upTo: 10) }
        #expect(own?.description == "handle http://h/open-error: a limit of mine (limitExceeded)")
    }

    @Test func cancellingEndsAnAnswer() async throws {
        let response = try await URLOpener(Pieces()).open("http://h/")
        let task = Task {
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            return try await response.body.read(9)
        }
        let error = await #expect(throws: OpenError.self) { try await task.value }
        #expect(error?.code == .cancelled)
    }
}
