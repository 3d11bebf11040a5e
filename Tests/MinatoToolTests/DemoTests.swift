import TestSupport
import Testing

@Suite("minato demo", .watchdog)
struct DemoTests {
    @Test("All five dialogues are right, and the status says so")
    func demo() throws {
        let outcome = try Tool.run("demo")
        #expect(outcome.status == 0)
        #expect(outcome.output.hasSuffix("5 of 5 dialogues as expected\n"))
        #expect(outcome.errors.isEmpty)
    }

    @Test("A proxy of the environment is not asked for a server on this machine")
    func proxy() throws {
        let tool = try Tool.start("demo", environment: ["http_proxy": "http://127.0.0.1:1"])
        let output = tool.readToEnd()
        #expect(output.hasSuffix("5 of 5 dialogues as expected\n"))
        #expect(tool.wait() == 0)
    }

    @Test("A wrong reply in any dialogue is noticed", arguments: 1...5)
    func planted(_ number: Int) throws {
        let outcome = try Tool.run("demo", "--plant-wrong-reply", "\(number)")
        #expect(outcome.status == 1)
        #expect(outcome.output.hasSuffix("4 of 5 dialogues as expected\n"))
        let failed = outcome.output.split(separator: "\n\n").filter { $0.contains("FAILED:") }
        #expect(failed.count == 1)
        #expect(failed.first?.hasPrefix("\(number). ") == true)
    }

    @Test("Only the dialogues that exist can be spoilt")
    func range() throws {
        #expect(try Tool.run("demo", "--plant-wrong-reply", "6").status == 64)
    }
}
