import Glibc
import TestSupport
import Testing

@testable import MinatoURL

/// Bodies that go to files, and those that come as sequences.
@Suite(.watchdog) struct BodySavingTests {
    private func content(_ path: String) throws -> String {
        let process = try ChildProcess(["cat", path])
        return process.readToEnd()
    }

    @Test(arguments: Face.allCases)
    func writesFilesThatAreWholeOrNotThere(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("file", Array("before".utf8))
        let broken = face.body(ScriptedSource([[1, 2], [3]], failure: .truncated))
        let error = await #expect(throws: OpenError.self) { try await broken.write(to: path) }
        #expect(error?.code == .truncated && error?.operation == .read)
        #expect(try content(path) == "before")

        let body = face.body(ScriptedSource([Array("on".utf8), Array("e\ntwo".utf8)]))
        #expect(try await body.write(to: path) == 7)
        #expect(try content(path) == "one\ntwo")
        #expect(try await body.write(to: directory.file("rest")) == 0)
        #expect(try content(directory.file("rest")) == "")
        let names = try ChildProcess(["ls", "-a", directory.path]).readToEnd()
        #expect(names == ".\n..\nfile\nrest\n")
    }

    /// A limit, with and without a length that is known; a file that cannot be.
    @Test(arguments: Face.allCases)
    func refuses(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("file")
        for expected in [nil, 3] {
            let body = face.body(ScriptedSource([[1, 2, 3]]), expected: expected)
            let error = await #expect(throws: OpenError.self) { try await body.write(to: path, upTo: 2) }
            #expect(error?.description == "save http://h/: the body is longer than 2 bytes (limitExceeded)")
        }
        #expect(try await face.body(ScriptedSource([[1, 2, 3]]), expected: 3).write(to: path, upTo: 3) == 3)
        let body = face.body(ScriptedSource([[1]]))
        let nowhere = directory.file("no/file")
        let error = await #expect(throws: OpenError.self) { try await body.write(to: nowhere) }
        #expect(
            error?.description == "save http://h/: open \(nowhere): No such file or directory (fileFailed, errno 2)")
        #expect(error?.systemCode == ENOENT)
        await #expect(throws: OpenError.self) { try await body.write(to: "a\0b") }
        await #expect(throws: OpenError.self) { try await body.write(to: path, upTo: -1) }
        #expect(try await body.read(9) == [1])
    }

    /// A device stays what it is.
    @Test(arguments: Face.allCases)
    func writesToSpecialFiles(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let link = directory.file("link")
        #expect(unsafe symlink(directory.file("target"), link) == 0)
        _ = try directory.write("target", [9, 9, 9, 9])
        #expect(try await face.body(ScriptedSource([Array("abc".utf8)])).write(to: link) == 3)
        #expect(try content(directory.file("target")) == "abc")
        #expect(try await face.body(ScriptedSource([[1, 2, 3]])).write(to: "/dev/null") == 3)
        var status = stat()
        #expect(unsafe lstat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
        let full = face.body(ScriptedSource([[1, 2, 3]]))
        let error = await #expect(throws: OpenError.self) { try await full.write(to: "/dev/full") }
        #expect(error?.code == .fileFailed && error?.systemCode == ENOSPC)
    }

    /// The link stays, and the file behind it is whole, or as it was, or not there.
    @Test(arguments: Face.allCases)
    func filesBehindLinks(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let (link, target) = (directory.file("link"), directory.file("sub/target"))
        #expect(unsafe mkdir(directory.file("sub"), 0o700) == 0)
        // One leads to the other, from where it is; the name of the file is no UTF-8.
        let name = Array(target.utf8CString.dropLast()) + [-1, 0]
        #expect(unsafe symlink("sub/other", link) == 0)
        let last = Array("target".utf8CString.dropLast()) + [-1, 0]
        #expect(unsafe symlink(last, directory.file("sub/other")) == 0)
        for before in ["", "before"] {
            let broken = face.body(ScriptedSource([[1, 2], [3]], failure: .truncated))
            let error = await #expect(throws: OpenError.self) { try await broken.write(to: link) }
            #expect(error?.code == .truncated)
            #expect(unsafe access(name, F_OK) == (before.isEmpty ? -1 : 0))
            if !before.isEmpty { #expect(try content(link) == before) }
            let body = before.isEmpty ? "before" : "after"
            #expect(try await face.body(ScriptedSource([Array(body.utf8)])).write(to: link) == body.utf8.count)
            #expect(try content(link) == body)
        }
        var status = stat()
        #expect(unsafe lstat(name, &status) == 0 && status.st_mode & S_IFMT == S_IFREG)
        let names = try ChildProcess(["find", directory.path, "-type", "l"]).readToEnd()
        #expect(names.split(separator: "\n").count == 2)
        #expect(try ChildProcess(["find", directory.path, "-name", "*.part"]).readToEnd() == "")
    }

    @Test(arguments: Face.allCases)
    func linksThatLeadNowhere(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let rows: [(name: String, target: String, code: Int32)] = [
            ("loop", "loop", ELOOP), ("nowhere", "no/target", ENOENT), ("folder", ".", EISDIR),
            ("file", directory.file("link/x"), ENOENT),
        ]
        for (name, target, code) in rows {
            #expect(unsafe symlink(target, directory.file(name)) == 0)
            let body = face.body(ScriptedSource([[1]]))
            let error = await #expect(throws: OpenError.self) { try await body.write(to: directory.file(name)) }
            #expect(error?.code == .fileFailed && error?.systemCode == code, "\(name): \(error as Any)")
            #expect(error?.detail == "open \(directory.file(name)): \(unsafe String(cString: strerror(code)))")
        }
        #expect(try ChildProcess(["ls", directory.path]).readToEnd() == "file\nfolder\nloop\nnowhere\n")
    }

    /// A name of a descriptor is no name of the file, which may have another or none.
    @Test(arguments: Face.allCases)
    func openFilesAreWrittenTo(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("file", Array("before".utf8))
        let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
        defer { close(descriptor) }
        for isGone in [false, true] {
            if isGone { #expect(unsafe unlink(path) == 0) }
            let body = face.body(ScriptedSource([Array("abc".utf8)]))
            #expect(try await body.write(to: "/dev/fd/\(descriptor)") == 3)
            var bytes = [UInt8](repeating: 0, count: 9)
            #expect(unsafe pread(descriptor, &bytes, 9, 0) == 3)
            #expect(Array(bytes.prefix(3)) == Array("abc".utf8))
        }
        #expect(try ChildProcess(["ls", "-A", directory.path]).readToEnd() == "")
    }

    @Test func sequencesEndWithTheBody() async throws {
        func body() -> URLOpener.Body {
            let source = ScriptedSource([Array("on".utf8), Array("e\ntwo\n\nlast".utf8)])
            return URLOpener.Body(source.pipe, driver: source, expectedCount: nil)
        }
        var lines: [String] = []
        for try await line in body().lines(limit: 4) { lines.append(String(decoding: line, as: UTF8.self)) }
        #expect(lines == ["one\n", "two\n", "\n", "last"])
        let one = body()
        var chunks: [[UInt8]] = []
        for try await chunk in one.chunks { chunks.append(chunk) }
        #expect(chunks == [Array("on".utf8), Array("e\ntwo\n\nlast".utf8)])
        for try await _ in one.chunks { Issue.record("a chunk after the end") }
        let error = await #expect(throws: OpenError.self) { for try await _ in body().lines(limit: 3) {} }
        #expect(error?.code == .limitExceeded)
    }
}
