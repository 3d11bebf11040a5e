import ArgumentParser
import Minato

/// `minato demo`: the eight programs of the page as five dialogues.
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show sockets, servers and URL opening at work.",
        discussion: """
            Eight small programs talk to each other in five dialogues, on ports that the system chooses, and every reply is \
            verified. The exit status is 0 only when all are right.
            """)

    @Option(
        help: ArgumentHelp(
            "Have the server of this dialogue (1 to 5) answer wrongly, to see the demo fail.", valueName: "dialogue"))
    var plantWrongReply: Int?

    func validate() throws {
        if let plantWrongReply, !(1...Self.dialogues.count).contains(plantWrongReply) {
            throw ValidationError("--plant-wrong-reply takes 1 to \(Self.dialogues.count).")
        }
    }

    private static let dialogues: [any (Dialogue & SendableMetatype).Type] = [
        EchoDialogue.self, FirstBytesDialogue.self, AuthenticationDialogue.self, UpperTCPDialogue.self,
        UpperUDPDialogue.self,
    ]

    func run() throws {
        // Its server is on this machine, which a proxy of the environment would not reach.
        URLOpener.install(URLOpener(ProxyHandler(.none)))
        let failed: Int
        do {
            failed = try runAll()
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode.failed
        }
        if failed > 0 { throw ExitCode.failed }
    }

    /// Runs all dialogues, and returns how many were not as expected.
    private func runAll() throws(FileFailure) -> Int {
        var failed = 0
        for (index, dialogue) in Self.dialogues.enumerated() {
            let number = index + 1
            try Terminal.print("\(number). \(dialogue.title)")
            do {
                let script = Script(isPlanted: plantWrongReply == number)
                try TaskBridge.run { try await dialogue.run(script) }
                try Terminal.print("   ok\n")
            } catch {
                failed += 1
                try Terminal.print("   FAILED: \(error)\n")
            }
        }
        try Terminal.print("\(Self.dialogues.count - failed) of \(Self.dialogues.count) dialogues as expected")
        return failed
    }
}
