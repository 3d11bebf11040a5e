import ArgumentParser
import Minato

/// The command line tool: one subcommand a file.
@main
struct MinatoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "minato",
        abstract: "Sockets, socket servers and URL opening from the command line.",
        discussion: """
            Exit status: 0 on success, 1 when something failed (a line on standard error says what), 2 when a server \
            answered with an HTTP error status, 64 for wrong arguments.
            """,
        version: "minato \(minatoVersion)",
        subcommands: [DemoCommand.self, ServeCommand.self, SendCommand.self, ConnectCommand.self, GetCommand.self])

    static func main() {
        StandardStreams.fill()
        main(nil)
    }
}
