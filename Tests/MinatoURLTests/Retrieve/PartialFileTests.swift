import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// The files of a retrieve that can be gone on with: broken ones, those that somebody else has, and a full disk.
@Suite(.watchdog) struct PartialFileTests {
    private static let tag = ResumeNote.Validator.tag("\"v1\"")

    /// Answers with all of it, or the rest of it.
    private func server() throws -> RawServer {
        try RawServer { connection in
            connection.answerAll { request in
                request.contains("\r\nRange: bytes=4-\r\n")
                    ? "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 4-9/10\r\n"
                        + "Content-Length: 6\r\n\r\n456789"
                    : okay("0123456789", "ETag: \"v1\"\r\n")
            }
        }
    }

    /// Whatever is in the place of the note, if it is not the one of this URL, the file begins anew.
    @Test(arguments: Face.allCases)
    func withoutItsNoteItBeginsAnew(_ face: Face) async throws {
        let server = try server()
        let note = Array(ResumeNote(url: server.url(), validator: Self.tag, total: 10).text.utf8)
        let other = ResumeNote(url: server.url("/other"), validator: Self.tag, total: 10)
        let tooSmall = ResumeNote(url: server.url(), validator: Self.tag, total: 3)
        let rows: [(String, (String) throws -> Void)] = [
            ("nothing", { _ in }), ("empty", { try Self.write([], to: $0) }),
            ("cut", { try Self.write(Array(note.dropLast()), to: $0) }),
            ("garbage", { try Self.write(pattern(5000), to: $0) }),
            ("another URL", { try Self.write(Array(other.text.utf8), to: $0) }),
            ("a total that is too small", { try Self.write(Array(tooSmall.text.utf8), to: $0) }),
            ("a huge file", { try Self.write(note + [UInt8](repeating: 0x20, count: 2 << 20), to: $0) }),
            ("a pipe", { #expect(unsafe mkfifo($0, 0o600) == 0) }),
            ("a link", { #expect(unsafe symlink("/dev/zero", $0) == 0) }),
        ]
        for (name, leave) in rows {
            let directory = try TemporaryDirectory()
            _ = try directory.write("file.part", Array("xxxx".utf8))
            try leave(directory.file("file.part.meta"))
            let result = try await face.retrieve(URLOpener(), server.url(), to: directory.file("file"), resume: true)
            #expect(result.resumedAt == 0 && result.head.status == 200, "\(name)")
            #expect(try directory.content("file") == Array("0123456789".utf8), "\(name)")
            #expect(try directory.names == ["file"], "\(name)")
        }
        #expect(server.requests.allSatisfy { !$0.contains("Range") })
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        #expect(
            unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) } == bytes.count)
    }

    /// What is no regular file is not opened for writing, and not followed.
    @Test(arguments: Face.allCases)
    func strangePartsAreRefused(_ face: Face) async throws {
        let server = try server()
        for kind in ["link", "pipe", "directory"] {
            let directory = try TemporaryDirectory()
            _ = try directory.write("target", Array("kept".utf8))
            let part = directory.file("file.part")
            switch kind {
            case "link": #expect(unsafe symlink(directory.file("target"), part) == 0)
            case "pipe": #expect(unsafe mkfifo(part, 0o600) == 0)
            default: #expect(unsafe mkdir(part, 0o700) == 0)
            }
            let error = await #expect(throws: OpenError.self) {
                try await face.retrieve(URLOpener(), server.url(), to: directory.file("file"), resume: true)
            }
            #expect(error?.code == .fileFailed && error?.operation == .save, "\(kind): \(error as Any)")
            #expect(try directory.content("target") == Array("kept".utf8))
            #expect(try directory.names == ["file.part", "target"])
            #expect(directory.openDescriptors.isEmpty)
        }
        for path in ["a\0b", "/nonexistent/file", "/tmp/" + String(repeating: "x", count: 255)] {
            let error = await #expect(throws: OpenError.self) {
                try await face.retrieve(URLOpener(), server.url(), to: path, resume: true)
            }
            #expect(error?.code == .fileFailed && error?.systemCode != 0)
        }
        #expect(server.requests.isEmpty)
    }

    /// Of two at once the second is refused, in one process and in another, and the first is none the worse.
    @Test(arguments: Face.allCases)
    func oneAtATime(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("file")
        let (isReached, isRefused) = (Gate(), Gate())
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 10\r\n\r\n0123")
            isRefused.wait()
            connection.send("456789")
        }
        async let first = face.retrieve(URLOpener(), server.url(), to: path, resume: true) {
            if $0.byteCount == 4 { isReached.open() }
        }
        #expect(await isReached.opened())
        let error = await #expect(throws: OpenError.self) {
            try await face.retrieve(URLOpener(), server.url(), to: path, resume: true)
        }
        #expect(
            error?.description
                == "save \(server.url()): open \(path).part: somebody else retrieves to it (busy)")
        #expect(try directory.names == ["file.part", "file.part.meta"])
        isRefused.open()
        #expect(try await first.byteCount == 10)
        #expect(server.requests.count == 1)

        let part = try directory.write("other.part", [])
        let holder = try ChildProcess.python(
            "import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.flock(f, fcntl.LOCK_EX); print('held'); sys.stdin.read()",
            part)
        #expect(holder.readLine() == "held")
        let busy = await #expect(throws: OpenError.self) {
            try await face.retrieve(URLOpener(), server.url(), to: directory.file("other"), resume: true)
        }
        #expect(busy?.code == .busy)
        #expect(try directory.names == ["file", "other.part"])
        _ = holder.wait()
        #expect(
            try await face.retrieve(URLOpener(), server.url(), to: directory.file("other"), resume: true).byteCount
                == 10)
    }

    /// Many at once: each either gets all of the file or is told that it is busy, and at the end it is whole.
    @Test(arguments: Face.allCases)
    func manyAtATime(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("file")
        let server = try server()
        let opener = URLOpener()
        let results = await withTaskGroup(of: Bool?.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    do throws(OpenError) {
                        return try await face.retrieve(opener, server.url(), to: path, resume: true).byteCount == 10
                    } catch {
                        return error.code == .busy ? nil : false
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(!results.contains(false) && results.contains(true))
        #expect(try directory.content("file") == Array("0123456789".utf8))
        #expect(try directory.names == ["file"])
    }

    /// A part that was removed or replaced meanwhile is not what gets the name, and what replaced it stays.
    @Test(arguments: Face.allCases, [false, true])
    func thePartIsReplacedMeanwhile(_ face: Face, _ isReplaced: Bool) async throws {
        let directory = try TemporaryDirectory()
        let server = try server()
        let part = directory.file("file.part")
        let error = await #expect(throws: OpenError.self) {
            try await face.retrieve(URLOpener(), server.url(), to: directory.file("file"), resume: true) { now in
                guard now.byteCount == 10 else { return }
                unsafe unlink(part)
                if isReplaced { _ = try? directory.write("file.part", Array("other".utf8)) }
            }
        }
        #expect(error?.description.contains("rename \(part): it was replaced (fileFailed)") == true)
        #expect(try directory.content("file") == nil)
        #expect(try directory.content("file.part") == (isReplaced ? Array("other".utf8) : nil))
    }

    /// Somebody else's part, in a directory that all can write to, is not built on. As root only: who else can give files away?
    @Test(.enabled(if: geteuid() == 0), arguments: Face.allCases)
    func anotherUsersPartIsNotBuiltOn(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let server = try server()
        try directory.leave(Array("xxxx".utf8), of: server.url(), Self.tag, total: 10)
        #expect(unsafe chown(directory.file("file.part"), 65_534, 65_534) == 0)
        let result = try await face.retrieve(URLOpener(), server.url(), to: directory.file("file"), resume: true)
        #expect(result.resumedAt == 0)
        #expect(try directory.content("file") == Array("0123456789".utf8))
        var status = stat()
        #expect(unsafe stat(directory.file("file"), &status) == 0 && status.st_uid == 0)
    }

    /// Nor is a part that is another file of ours by another name, which stays as it is.
    @Test(arguments: Face.allCases)
    func aSecondNameIsNotBuiltOn(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let server = try server()
        let other = try directory.write("other", Array("xxxx".utf8))
        try directory.leave(Array("xxxx".utf8), of: server.url(), Self.tag, total: 10)
        #expect(unsafe unlink(directory.file("file.part")) == 0 && link(other, directory.file("file.part")) == 0)
        let result = try await face.retrieve(URLOpener(), server.url(), to: directory.file("file"), resume: true)
        #expect(result.resumedAt == 0)
        #expect(try directory.content("file") == Array("0123456789".utf8))
        #expect(try directory.content("other") == Array("xxxx".utf8))
    }

    /// No room for more than 100,000 bytes: an error with the kernel's number; what fits stays for a call with `resume`.
    @Test(arguments: Face.allCases)
    func theDiskIsFull(_ face: Face) async throws {
        await #expect(processExitsWith: .success) { [isTasks = (face == .tasks) as Bool] in
            let face = isTasks ? Face.tasks : .threads
            let content = pattern(300_000)
            let server = try RawServer { connection in
                while connection.readRequest() != nil {
                    connection.send("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: \(content.count)\r\n\r\n")
                    guard connection.send(content) else { return }
                }
            }
            let directory = try TemporaryDirectory()
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
            #expect(unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            for resume in [false, true] {
                let error = await #expect(throws: OpenError.self) {
                    try await face.retrieve(URLOpener(), server.url(), to: directory.file("file"), resume: resume)
                }
                #expect(error?.code == .fileFailed && error?.systemCode == EFBIG && error?.operation == .save)
                let names = try directory.names
                #expect(names == (resume ? ["file.part", "file.part.meta"] : []))
            }
            let kept = try directory.content("file.part") ?? []
            #expect(kept == Array(content.prefix(100_000)))
        }
    }
}
