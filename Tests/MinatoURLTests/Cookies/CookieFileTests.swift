import Glibc
import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct CookieFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func load(_ lines: String, skipping: Bool = false) throws -> [Cookie] {
        let test = TestJar()
        let path = try directory.write("in.txt", Array(lines.utf8))
        try test.jar.load(path, skippingMalformed: skipping)
        return test.jar.cookies
    }

    private static let end = TestJar.start.advanced(by: 60).secondsSince1970

    /// A line, and the cookie that it is.
    @Test(arguments: [
        ("h.com\tFALSE\t/\tFALSE\tEND\ta\t1", "a|1|; <h.com>; Path=/; Expires=2027-01-15T08:01:00Z"),
        (".h.com\tTRUE\t/x\tTRUE\tEND\ta\t1", "a|1|; Domain=h.com; Path=/x; Expires=2027-01-15T08:01:00Z; Secure"),
        ("h.com\ttrue\t/\tfalse\t0\ta\t1", "a|1|; Domain=h.com; Path=/"),
        (".H.com\tFALSE\t/\tFALSE\t\ta\t1", "a|1|; <h.com>; Path=/"),
        ("#HttpOnly_h.com\tFALSE\t/\tFALSE\t0\ta\t1\r", "a|1|; <h.com>; Path=/; HttpOnly"),
        ("h.com\tFALSE\t/\tFALSE\t0\ta\t", "a||; <h.com>; Path=/"),
        ("h.com\tFALSE\t/\tFALSE\t0\ta", "a||; <h.com>; Path=/"),
        ("h.com\tFALSE\t/\tFALSE\t0\t\tx", "|x|; <h.com>; Path=/"),
        ("h.com\tFALSE\t/\tFALSE\tEND.75\ta\t 1 \u{e9}", "a| 1 \u{e9}|; <h.com>; Path=/; Expires=2027-01-15T08:01:00Z"),
        ("h.com\tFALSE\t/\tFALSE\t99999999999999999999\ta\t1", "a|1|; <h.com>; Path=/; Expires=2028-02-19T08:00:00Z"),
        ("10.0.0.1\tTRUE\t/\tFALSE\t0\ta\t1", "a|1|; Domain=10.0.0.1; Path=/"),
        ("h.com\tFALSE\t/\tTRUE\t0\t__Host-a\t1", "__Host-a|1|; <h.com>; Path=/; Secure"),
        ("h.com\tFALSE\t/\tFALSE\t1\ta\t1", ""), ("h.com\tFALSE\t/\tFALSE\t-1\ta\t1", ""), ("# h.com\tTRUE\tx", ""),
        ("", ""), (" \t", ""),
    ])
    func reads(_ line: String, _ kept: String) throws {
        let line = line.split(separator: "END").joined(separator: "\(Self.end)")
        for text in [line, "# Netscape HTTP Cookie File\n\n" + line + "\n"] {
            let cookies = try load(text).map { cookie in
                "\(cookie.name)|\(cookie.value)|" + cookie.description.drop { $0 != ";" }
            }
            #expect(cookies == (kept.isEmpty ? [] : [kept]))
        }
    }

    @Test(arguments: [
        ("nonsense", "1 fields instead of 7"), ("h.com\tFALSE\t/\tFALSE\t0", "5 fields instead of 7"),
        ("h.com\tFALSE\t/\tFALSE\t0\ta\t1\t2", "8 fields instead of 7"),
        ("h.com\tX\t/\tFALSE\t0\ta\t1", "the second field is neither TRUE nor FALSE"),
        ("h.com\tFALSE\t/\t\t0\ta\t1", "the fourth field is neither TRUE nor FALSE"),
        ("h.com\tFALSE\t/\tFALSE\tx\ta\t1", "the fifth field is no time"),
        ("h.com\tFALSE\t/\tFALSE\t1.x\ta\t1", "the fifth field is no time"),
        ("h.com\tFALSE\t/\tFALSE\t-\ta\t1", "the fifth field is no time"),
        ("\tFALSE\t/\tFALSE\t0\ta\t1", "the first field is no domain"),
        (".\tTRUE\t/\tFALSE\t0\ta\t1", "the first field is no domain"),
        ("h\u{e9}.com\tTRUE\t/\tFALSE\t0\ta\t1", "the first field is no domain"),
        ("h.com\tFALSE\tx\tFALSE\t0\ta\t1", "the third field is no path"),
        ("h.com\tFALSE\t/\tFALSE\t0\t\t", "neither name nor value"),
        ("h.com\tFALSE\t/\tFALSE\t0\ta\t1\0", "a control, or not UTF-8"),
        ("h.com\tFALSE\t/\tFALSE\t0\ta\tb\rc", "a control, or not UTF-8"),
        ("h.com\tFALSE\t/\tFALSE\t0\t__Secure-a\t1", "what the prefix of its name promises does not hold"),
        (".h.com\tTRUE\t/\tTRUE\t0\t__Host-a\t1", "what the prefix of its name promises does not hold"),
    ])
    func refuses(_ line: String, _ why: String) throws {
        let text = "# c\n\nh.com\tFALSE\t/\tFALSE\t0\tgood\t1\n\(line)\nh.com\tFALSE\t/\tFALSE\t0\tlast\tc4n4ry"
        let test = TestJar()
        let path = try directory.write("in.txt", Array(text.utf8))
        let error = #expect(throws: CookieFileError.self) { try test.jar.load(path) }
        #expect(error?.description == "load \(path): line 4: \(why) (malformedLine)")
        #expect(error?.code == .malformedLine && error?.line == 4 && error?.systemCode == 0)
        #expect(test.jar.cookies.isEmpty)
        #expect(try load(text, skipping: true).map(\.name) == ["good", "last"])
    }

    @Test func expiredOnesRemoveNothing() throws {
        let test = TestJar()
        test.take("a=1; Path=/", from: "http://h.com/")
        let path = try directory.write("in.txt", Array("h.com\tFALSE\t/\tFALSE\t1\ta\told".utf8))
        try test.jar.load(path)
        #expect(test.field("http://h.com/") == "a=1")
    }

    @Test func refusesWhatIsTooLong() throws {
        let value = String(repeating: "x", count: 4096)
        let error = #expect(throws: CookieFileError.self) { try load("h.com\tFALSE\t/\tFALSE\t0\ta\t\(value)") }
        #expect(error?.description.hasSuffix("line 1: more than 4096 bytes of name and value (malformedLine)") == true)
        let path = try directory.write("large.txt", [])
        // A hole: it takes no room on the disk.
        #expect(unsafe truncate(path, 32 << 20 + 1) == 0)
        let large = #expect(throws: CookieFileError.self) { try CookieJar().load(path) }
        #expect(large?.description == "load \(path): more than 32 MiB (tooLarge)")
    }

    @Test func addsToTheJar() throws {
        let test = TestJar()
        test.take("a=1", from: "http://h.com/")
        test.take("b=1", from: "http://h.com/")
        let path = try directory.write(
            "in.txt", Array("h.com\tFALSE\t/\tFALSE\t0\ta\t2\n.co.uk\tTRUE\t/\tFALSE\t0\tc\t3\n".utf8))
        try test.jar.load(path)
        #expect(test.field("http://h.com/") == "a=2; b=1")
        // A domain that strangers share is not for those below it, whoever wrote the file.
        #expect(test.field("http://x.co.uk/") == "" && test.field("http://co.uk/") == "c=3")
    }

    /// A pipe, or a device that is written to for the sake of losing it, is no file to be replaced; a link to one neither.
    @Test(arguments: [false, true]) func keepsWhatIsNoFile(_ isLink: Bool) throws {
        let test = TestJar()
        test.take("a=1; Max-Age=60", from: "https://h.com/")
        let inner = try TemporaryDirectory()
        let (pipe, link) = (inner.file("pipe"), inner.file("link"))
        #expect(unsafe mkfifo(pipe, 0o600) == 0 && symlink(pipe, link) == 0)
        let reader = try Background { try SecretFile(pipe).read() }
        try test.jar.save(to: isLink ? link : pipe)
        let read = String(decoding: try reader.join(), as: UTF8.self)
        #expect(read.hasSuffix("h.com\tFALSE\t/\tFALSE\t\(Self.end)\ta\t1\n"))
        for (path, kind) in [(pipe, S_IFIFO), (link, S_IFLNK)] {
            var status = stat()
            #expect(unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == kind)
        }
        // Nothing is left beside them.
        #expect(unsafe unlink(pipe) == 0 && unlink(link) == 0 && rmdir(inner.path) == 0)
    }

    /// One whose reader goes is an error, and no signal.
    @Test func aPipeThatBreaks() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_DFL)
            let inner = try TemporaryDirectory()
            let pipe = inner.file("pipe")
            #expect(unsafe mkfifo(pipe, 0o600) == 0)
            let test = TestJar()
            // More than a pipe holds.
            for number in 0..<40 {
                test.take("n\(number)=\(String(repeating: "x", count: 4000)); Max-Age=60", from: "https://h.com/")
            }
            let reader = try Background { close(unsafe open(pipe, O_RDONLY | O_CLOEXEC)) }
            let error = #expect(throws: CookieFileError.self) { try test.jar.save(to: pipe) }
            #expect(error?.systemCode == EPIPE)
            #expect(try reader.join() == 0)
        }
    }

    @Test func saysWhatTheKernelSaid() throws {
        let missing = directory.file("no/such")
        for (path, code) in [(missing, ENOENT), ("", ENOENT), ("a\0b", EINVAL), (directory.path, EISDIR)] {
            let error = #expect(throws: CookieFileError.self) { try CookieJar().load(path) }
            #expect(error?.code == .system && error?.systemCode == code && error?.line == nil)
        }
        let error = #expect(throws: CookieFileError.self) { try CookieJar().save(to: missing) }
        #expect(error?.description == "save \(missing): No such file or directory (system, errno 2)")
        #expect(throws: CookieFileError.self) { try CookieJar().save(to: "a\0b") }
        // A directory is not replaced, and nothing is left beside it.
        _ = try directory.write("in.txt", [])
        let inner = try TemporaryDirectory()
        #expect(unsafe mkdir(inner.file("d"), 0o700) == 0)
        #expect(
            #expect(throws: CookieFileError.self) { try CookieJar().save(to: inner.file("d")) }?.systemCode == EISDIR)
        #expect(unsafe rmdir(inner.file("d")) == 0 && rmdir(inner.path) == 0)
    }

    @Test func replacesTheFile() throws {
        let test = TestJar()
        for field in [
            "a=1; Max-Age=60; Domain=h.com", "s=2; HttpOnly", "sec=3; Secure; Max-Age=60; Path=/x",
            "tab=x\ty; Max-Age=60",
            "=nameless; Max-Age=60",
        ] { test.take(field, from: "https://h.com/") }
        let target = try directory.write("other.txt", Array("old".utf8))
        let path = directory.file(String(repeating: "n", count: 255))
        #expect(unsafe symlink(target, path) == 0 && chmod(target, 0o644) == 0)
        try test.jar.save(to: path)
        var status = stat()
        #expect(unsafe lstat(path, &status) == 0)
        #expect(status.st_mode == S_IFREG | 0o600)
        let head = "# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n\n"
        let kept = """
            .h.com\tTRUE\t/\tFALSE\t\(Self.end)\ta\t1
            h.com\tFALSE\t/x\tTRUE\t\(Self.end)\tsec\t3
            h.com\tFALSE\t/\tFALSE\t\(Self.end)\t\tnameless

            """
        #expect(String(decoding: try SecretFile(path).read(), as: UTF8.self) == head + kept)
        try test.jar.save(to: path, includingSession: true)
        let all = String(decoding: try SecretFile(path).read(), as: UTF8.self)
        #expect(all.contains("\n#HttpOnly_h.com\tFALSE\t/\tFALSE\t0\ts\t2\n"))
        #expect(try SecretFile(target).read() == Array("old".utf8))
        // And back again: all but what the format cannot hold.
        let other = TestJar()
        try other.jar.load(path)
        #expect(other.jar.cookies == test.jar.cookies.filter { $0.name != "tab" })
    }
}
