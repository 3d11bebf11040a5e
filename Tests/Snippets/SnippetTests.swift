import Glibc
import TestSupport
import Testing

/// The code blocks of README and of the articles are code that compiles: each stands in a file of this folder too.
@Suite(.watchdog) struct SnippetTests {
    static let root = String(#filePath.dropLast("Tests/Snippets/SnippetTests.swift".count))

    static let documents = matches(of: root + "*.md") + matches(of: root + "Sources/Minato/Minato.docc/*.md")

    @Test(arguments: documents)
    func everySwiftBlockIsCompiled(document: String) throws {
        let sources = try Self.matches(of: Self.root + "Tests/Snippets/*.swift").map { try Self.lines(of: $0) }
        for block in Self.swiftBlocks(in: try Self.lines(of: document)) {
            let isThere = sources.contains { Self.holds($0, run: block.lines) }
            #expect(isThere, "\(document):\(block.start): this block stands in no file of Tests/Snippets")
        }
    }

    @Test func everyPythonBlockIsPython() throws {
        let program = """
            import ast, re, sys
            count = 0
            for path in sys.argv[1:]:
                for block in re.findall('^```python\\n(.*?)^```$', open(path, encoding='utf-8').read(), re.M | re.S):
                    compile(block, path, 'exec', flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                    count += 1
            print(count)
            """
        let python = try ChildProcess(["python3", "-c", program] + Self.documents)
        let count = Int(python.readToEnd().dropLast()) ?? 0
        #expect(python.readErrors() == "" && count >= 20)
        #expect(python.wait() == 0)
    }

    @Test func theDocumentsAreFound() throws {
        #expect(Self.documents.contains { $0.hasSuffix("/README.md") })
        #expect(Self.documents.contains { $0.hasSuffix("/ComingFromPython.md") })
        let readme = try Self.lines(of: Self.root + "README.md")
        #expect(Self.swiftBlocks(in: readme).count >= 3)
    }

    @Test func blocksAreFoundWithTheirLines() {
        let text = ["a", "```swift", "let x = 1", "", "  f()", "```", "```c", "int y;", "```", "```swift", "```"]
        let blocks = Self.swiftBlocks(in: text)
        #expect(blocks.map(\.start) == [2, 10])
        #expect(blocks.map(\.lines) == [["let x = 1", "", "  f()"], []])
    }

    @Test(arguments: [
        (["let x = 1", "f()"], true), (["  f()", "", "g()"], true), (["f()", "g()"], false), (["let x = 2"], false),
        (["g()", "h()"], false), ([], true),
    ])
    func aRunIsFoundWhateverItsIndentation(run: [String], expected: Bool) {
        #expect(Self.holds(["let x = 1", "    f()", "", "    g()"], run: run) == expected)
    }

    // MARK: - Reading

    static func swiftBlocks(in lines: [String]) -> [(start: Int, lines: [String])] {
        var blocks: [(start: Int, lines: [String])] = []
        var isInside = false
        for (index, line) in lines.enumerated() {
            if isInside, line == "```" {
                isInside = false
            } else if isInside {
                blocks[blocks.count - 1].lines.append(line)
            } else if line == "```swift" {
                isInside = true
                blocks.append((index + 1, []))
            }
        }
        return blocks
    }

    /// Whether the lines of `run` follow one another in `lines`, indentation aside.
    static func holds(_ lines: [String], run: [String]) -> Bool {
        let lines = lines.map { $0.drop { $0 == " " } }
        let run = run.map { $0.drop { $0 == " " } }
        guard run.count <= lines.count else { return false }
        return (0...(lines.count - run.count)).contains { lines[$0..<($0 + run.count)].elementsEqual(run) }
    }

    static func lines(of path: String) throws -> [String] {
        let file = unsafe try #require(unsafe fopen(path, "re"), "cannot open \(path)")
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe fread(&piece, 1, piece.count, file)
            guard count > 0 else { break }
            bytes += piece[..<count]
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    static func matches(of pattern: String) -> [String] {
        var found = unsafe glob_t()
        defer { unsafe globfree(&found) }
        guard unsafe glob(pattern, 0, nil, &found) == 0 else { return [] }
        return unsafe (0..<Int(found.gl_pathc)).compactMap { index in
            unsafe found.gl_pathv[index].map { path in unsafe String(cString: path) }
        }
    }
}
