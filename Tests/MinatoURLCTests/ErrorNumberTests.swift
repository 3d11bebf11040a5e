import CMinatoURL
import MinatoURL
import TestSupport
import Testing

@testable import MinatoURLC

/// Every code of opening has a number and a name in C.
@Suite(.watchdog) struct ErrorNumberTests {
    private static let root = String(#filePath.dropLast("Tests/MinatoURLCTests/ErrorNumberTests.swift".count))

    /// The names of the codes that the sources define.
    private func names() throws -> [String] {
        let text = try ChildProcess(["sed", "-n", "/^extension OpenError.Code {/,/^}/p"] + files()).readToEnd()
        return text.split(separator: "\n").compactMap { line in
            guard line.contains("public static let") else { return nil }
            return line.split(separator: "\"").dropFirst().first.map(String.init)
        }
    }

    /// The sources of the opener.
    private func files() throws -> [String] {
        try ChildProcess(["find", Self.root + "Sources/MinatoURL", "-name", "*.swift"]).readToEnd()
            .split(separator: "\n").map(String.init)
    }

    /// `http2Failed` as C writes it.
    private func constant(_ name: String) -> String {
        var text = "MINATO_URL_"
        for (last, next) in zip([" "] + name.map(String.init), name.map(String.init)) {
            if next != next.lowercased(), last == last.lowercased(), last != " " { text += "_" }
            text += next.uppercased()
        }
        return text
    }

    @Test func allHaveOne() throws {
        let known = Set(ErrorNumber.all.map(\.code.rawValue))
        // Nothing of C's parses queries.
        let names = try names().filter { $0 != "badQuery" }
        #expect(names.count > 50 && names.filter { !known.contains($0) } == [])
    }

    @Test func namesAreThoseOfTheConstants() throws {
        for row in ErrorNumber.all {
            #expect("\(row.name)" == constant(row.code.rawValue))
            let name = unsafe try #require(minato_url_error_name(-Int32(row.number)))
            #expect(unsafe String(cString: name) == "\(row.name)")
        }
    }

    @Test func numbersAreTheirOwn() {
        #expect(Set(ErrorNumber.all.map(\.number)).count == ErrorNumber.all.count)
        #expect(Set(ErrorNumber.all.map(\.code)).count == ErrorNumber.all.count)
        #expect(ErrorNumber.all.allSatisfy { $0.number > 0 })
    }

    @Test func aCodeOfNobodysIsAnother() {
        #expect(Failure(OpenError.Code(rawValue: "mine"), "x").result == -Int64(MINATO_URL_OTHER))
    }
}
