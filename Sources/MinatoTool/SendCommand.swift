import ArgumentParser
import Minato

/// `minato send`: the two client programs of the page.
struct SendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Send words to a TCP or UDP server and show its reply.",
        discussion: """
            Sends the words, with spaces between them and a newline behind, receives once, at most 1024 bytes, and prints \
            both.

                minato send localhost 9999 hello world
            """)

    @Flag(help: "Send a UDP datagram instead of connecting by TCP.")
    var udp = false

    @Option(
        help: ArgumentHelp("How long each step may take; 0 does not wait. Default: no limit.", valueName: "seconds"))
    var timeout: Seconds?

    @Argument(help: "The server's name or address.")
    var host: String

    @Argument(help: "The server's port.")
    var port: Int

    @Argument(help: "What to send.")
    var words: [String]

    func run() throws {
        let text = words.joined(separator: " ")
        do {
            let endpoint: Endpoint = udp ? .udp(host, port) : .tcp(host, port)
            let socket = try Socket.connect(to: endpoint, timeout: timeout?.duration)
            try socket.sendAll(text + "\n")
            let reply = try socket.receive(atMost: 1024)
            try Terminal.print("Sent:     \(text)")
            try Terminal.print("Received: \(String(decoding: reply, as: UTF8.self))")
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode.failed
        }
    }
}
