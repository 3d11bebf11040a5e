import TestSupport
import Testing

/// What is at the path of `minato get --output` already.
@Suite("Where minato get puts a body", .watchdog)
struct OutputFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func line(_ command: String...) throws -> String {
        try #require(try ChildProcess(command).readLine())
    }

    /// With --first it used to be replaced by a regular file.
    @Test("A pipe is written to, and stays a pipe", arguments: [["--first", "2"], []])
    func pipe(_ options: [String]) throws {
        let path = directory.file("pipe")
        #expect(try ChildProcess(["mkfifo", path]).wait() == 0)
        let reader = try ChildProcess(["timeout", "60", "cat", path])
        let tool = try ChildProcess([Tool.path, "get", "--output", path, "data:,abc"] + options)
        #expect(tool.wait() == 0, "\(tool.readErrors())")
        #expect(try line("stat", "-c", "%F", path) == "fifo")
        #expect(reader.readToEnd() == (options.isEmpty ? "abc" : "ab"))
    }

    @Test("A pipe whose reader has gone is an error, and no signal that ends the tool")
    func brokenPipe() throws {
        let (server, url) = try GetTests.server(#"(200, "x" * 300000, "X", "y")"#)
        defer { withExtendedLifetime(server) {} }
        let path = directory.file("pipe")
        #expect(try ChildProcess(["mkfifo", path]).wait() == 0)
        let reader = try ChildProcess(["timeout", "60", "head", "-c", "1", path])
        let got = try Tool.run("get", "--first", "290000", "--output", path, url)
        #expect(got.status == 1 && got.errors == "minato: write \(path): Broken pipe\n", "\(got)")
        #expect(reader.readToEnd() == "x")
    }

    /// With --first it used to be replaced by a regular file.
    @Test("The target of a link is written to, and the link stays", arguments: [["--first", "2"], []])
    func link(_ options: [String]) throws {
        let (target, link) = (try directory.write("target", Array("before".utf8)), directory.file("link"))
        #expect(try ChildProcess(["ln", "-s", "target", link]).wait() == 0)
        let tool = try ChildProcess([Tool.path, "get", "--output", link, "data:,abc"] + options)
        #expect(tool.wait() == 0, "\(tool.readErrors())")
        #expect(try line("readlink", link) == "target")
        #expect(try line("cat", target) == (options.isEmpty ? "abc" : "ab"))

        // A target that is not there is made, where there can be one.
        #expect(try ChildProcess(["rm", target]).wait() == 0)
        let again = try ChildProcess([Tool.path, "get", "--output", link, "data:,abc"] + options)
        #expect(again.wait() == 0, "\(again.readErrors())")
        #expect(try line("readlink", link) == "target")
        #expect(try line("cat", target) == (options.isEmpty ? "abc" : "ab"))

        #expect(try ChildProcess(["ln", "-sf", "no/target", link]).wait() == 0)
        let nowhere = try ChildProcess([Tool.path, "get", "--output", link, "data:,abc"] + options)
        #expect(nowhere.wait() == 1)
        #expect(nowhere.readErrors().contains("open \(link): No such file or directory"))
    }

    @Test("The target of a link stays as it is when the body breaks off", arguments: [["--first", "9"], []])
    func brokenBody(_ options: [String]) throws {
        // Announces 9 bytes, and sends 3.
        let body = #"type("B", (), {"__len__": lambda s: 9, "encode": lambda s: b"abc"})()"#
        let (server, url) = try GetTests.server("(200, \(body), 'X', 'y')")
        defer { withExtendedLifetime(server) {} }
        let (target, link) = (try directory.write("target", Array("before".utf8)), directory.file("link"))
        #expect(try ChildProcess(["ln", "-s", "target", link]).wait() == 0)
        let tool = try ChildProcess([Tool.path, "get", "--output", link, url] + options)
        #expect(tool.wait() == 1)
        #expect(try line("cat", target) == "before")
        #expect(try ChildProcess(["ls", directory.path]).readToEnd() == "link\ntarget\n")
    }
}
