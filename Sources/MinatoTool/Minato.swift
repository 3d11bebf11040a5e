import ArgumentParser

@main
struct MinatoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "minato")
}
