import ArgumentParser
import Glibc
import Minato
import MinatoSocket

/// `minato connect`: standard input to a server, and what it sends to standard output.
struct ConnectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Send standard input to a server, and write what it sends to standard output.",
        discussion: """
            A stream is told the end of the input (half-close), and the command ends when the server has ended, whether \
            there is more input or not; what was read of it is sent. With datagrams the whole input is one, and one reply is waited for.

                echo hello | minato connect tcp --port 9999
            """)

    @Argument(help: "tcp, udp, unix or unixgram.")
    var transport: Transport

    @Option(help: "tcp, udp: the server's name or address.")
    var host = "localhost"

    @Option(help: "tcp, udp: the server's port.")
    var port: Int?

    @Option(help: "unix, unixgram: the path, or @NAME for an abstract name.")
    var path: String?

    @Option(
        help: ArgumentHelp("How long each step may take; 0 does not wait. Default: no limit.", valueName: "seconds"))
    var timeout: Seconds?

    func validate() throws {
        try transport.validate(path: path)
        if !transport.isUnix, port == nil { throw ValidationError("\(transport.rawValue) needs --port.") }
    }

    func run() throws {
        do {
            let endpoint = transport.endpoint(host, port ?? 0, path: path)
            // Without a name of its own nobody could answer it.
            let source: SocketAddress? = transport == .unixgram ? .unixUnnamed : nil
            let talk = Talk(try Socket.connect(to: endpoint, timeout: timeout?.duration, from: source))
            if endpoint.kind == .datagram { try talk.exchangeDatagrams() } else { try talk.exchangeStreams() }
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode.failed
        }
    }
}

/// A connected socket between standard input and standard output, for the thread that sends and the one that receives.
private final class Talk: Sendable {
    private static let pieceSize = 65_536
    /// The kernel refuses a longer datagram, however large its buffers are: there is no memory in one piece for it.
    private static let messageLimit = 16 << 20

    private let socket: Socket
    private let sending = Guarded(Sending.nothing)

    /// What the thread that sends is at.
    private enum Sending {
        case nothing, piece
        case failed(any Error)
    }

    init(_ socket: consuming Socket) { self.socket = socket }

    func exchangeStreams() throws {
        _ = try ServingThread { () throws(SocketError) in self.sendInput() }
        do {
            while case let piece = try socket.receive(atMost: Self.pieceSize), !piece.isEmpty {
                try Terminal.write(piece)
            }
        } catch let error as SocketError {
            throw failure() ?? error
        }
        if let failure = failure() { throw failure }
    }

    /// Why not all of the input could be sent, once that is known: a reset may be seen by either thread first.
    private func failure() -> (any Error)? {
        sending.wait {
            switch $0 {
            case .nothing: .some(nil)
            case .piece: nil
            case .failed(let error): .some(error)
            }
        } ?? nil
    }

    private func sendInput() {
        do {
            while let piece = try readInput() {
                sending.withLock { $0 = .piece }
                try socket.sendAll(piece)
                sending.withLockAndWake { $0 = .nothing }
            }
            try socket.shutdown(.sending)
        } catch {
            sending.withLockAndWake { $0 = .failed(error) }
            // A server of TCP sees a reset, and does not take a part of the input for all of it.
            try? socket.setOption(.linger, .upTo(seconds: 0))
            // Ends the receiving as well.
            try? socket.shutdown(.receiving)
        }
    }

    func exchangeDatagrams() throws {
        var message: [UInt8] = []
        while message.count <= Self.messageLimit, let piece = try readInput() { message += piece }
        try socket.send(message)
        // A reply is as long as it is: that of a Unix socket may be longer than any size one could name here.
        let length = try socket.receiveFrom(atMost: 1, flags: .peek).length
        try Terminal.write(try socket.receive(atMost: length))
    }

    /// The next bytes of standard input, nil at its end.
    private func readInput() throws(FileFailure) -> [UInt8]? {
        var piece = [UInt8](repeating: 0, count: Self.pieceSize)
        let count = Descriptor.read(STDIN_FILENO, into: &piece)
        // Standard input that is closed is an empty one: see StandardStreams.
        if count == 0 || count < 0 && errno == EBADF { return nil }
        if count < 0 { throw FileFailure("read", "standard input", errno) }
        piece.removeLast(piece.count - count)
        return piece
    }
}
