import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Inherited listeners", .watchdog)
struct InheritedListenerTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let process: String?
        let count: String?
        let names: String?
        /// Nil: refused, with this subject.
        let expected: [String]?
        var subject = ""
        var testDescription: String { "\(process ?? "-") \(count ?? "-") \(names ?? "-")" }
    }

    static let rows = [
        Row(process: nil, count: nil, names: nil, expected: []),
        Row(process: nil, count: "1", names: nil, expected: []),
        Row(process: "7", count: nil, names: nil, expected: []),
        Row(process: "8", count: "1", names: nil, expected: []),
        Row(process: "8", count: "nonsense", names: nil, expected: []),
        Row(process: "7", count: "0", names: nil, expected: []),
        Row(process: "7", count: "1", names: nil, expected: ["unknown"]),
        Row(process: "7", count: "3", names: nil, expected: ["unknown", "unknown", "unknown"]),
        Row(process: "7", count: "1", names: "web", expected: ["web"]),
        Row(process: "7", count: "1", names: "", expected: [""]),
        Row(process: "7", count: "3", names: "web::web", expected: ["web", "", "web"]),
        Row(process: "me", count: "1", names: nil, expected: nil, subject: "LISTEN_PID=me"),
        Row(process: "7", count: "", names: nil, expected: nil, subject: "LISTEN_FDS="),
        Row(process: "7", count: "-1", names: nil, expected: nil, subject: "LISTEN_FDS=-1"),
        Row(process: "7", count: "1x", names: nil, expected: nil, subject: "LISTEN_FDS=1x"),
        Row(process: "7", count: "2147483647", names: nil, expected: nil, subject: "LISTEN_FDS=2147483647"),
        Row(
            process: "7", count: "99999999999999999999", names: nil, expected: nil,
            subject: "LISTEN_FDS=99999999999999999999"),
        Row(process: "7", count: "2", names: "web", expected: nil, subject: "LISTEN_FDNAMES=web"),
        Row(process: "7", count: "1", names: "a:b", expected: nil, subject: "LISTEN_FDNAMES=a:b"),
    ]

    @Test("What the environment says", arguments: rows)
    func environment(row: Row) throws {
        let offer = InheritanceOffer(process: row.process, count: row.count, names: row.names)
        if let expected = row.expected {
            try #expect(offer.names(for: 7) == expected)
        } else {
            let error = #expect(throws: SocketError.self) { _ = try offer.names(for: 7) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.subject == row.subject)
        }
    }

    @Test("When a descriptor is not open none is taken")
    func closed() throws {
        let first = try HighDescriptor(copyOf: 1, from: 4_100)
        try #require(first.number == 4_100)
        let offer = InheritanceOffer(process: "7", count: "2", names: nil)
        let error = #expect(throws: SocketError.self) { _ = try offer.take(process: 7, first: 4_100) }
        #expect(error?.code == .badDescriptor)
        #expect(error?.subject == "inherited descriptor 4101")
        #expect(fcntl(4_100, F_GETFD) >= 0)
    }

    @Test("A descriptor that nobody takes is closed; one that is no socket is not taken as one")
    func left() throws {
        _ = try HighDescriptor(copyOf: 1, from: 4_200)
        try #require(dup2(1, 4_200) == 4_200)
        do {
            let inherited = try InheritanceOffer(process: "7", count: "1", names: nil).take(process: 7, first: 4_200)
            #expect(
                errorCode { () throws(SocketError) in _ = try inherited.first?.descriptor.takeSocket() } == .notASocket)
            #expect(fcntl(4_200, F_GETFD) == FD_CLOEXEC)
        }
        #expect(fcntl(4_200, F_GETFD) == -1)
    }

    /// Does what a service manager does, and becomes the service: these tests once more, all of them but one left out.
    private static let manager = """
        import fcntl, os, socket
        tests = f"/proc/{os.getppid()}/"
        command = open(tests + "cmdline").read().split(chr(0))[:-1]
        while "--filter" in command:
            index = command.index("--filter")
            del command[index:index + 2]
        command += ["--filter", "InheritingService"]
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for fd in (listener.fileno(), 0)]
        for number, fd in enumerate(high):
            os.dup2(fd, 3 + number)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="web:input")
        os.environ["MINATO_TEST_SERVICE"] = "1"
        os.execv(os.readlink(tests + "exe"), command)
        """

    @Test("A service gets its sockets from the process that started it")
    func service() throws {
        let service = try ChildProcess.python(Self.manager)
        guard let port = service.readLine().flatMap({ Int($0) }) else {
            Issue.record("\(service.readErrors())")
            return
        }
        let client = try Socket.connect(to: .tcp("127.0.0.1", port))
        try #expect(client.receive(atMost: 100) == Array("web".utf8))
        let output = service.readToEnd()
        #expect(service.wait() == 0, "\(output)")
    }
}

/// The service of the test above, in a process of its own.
@Suite(
    "A service with inherited listeners", .watchdog,
    .enabled(if: unsafe getenv("MINATO_TEST_SERVICE") != nil, "it runs in the child of another test"))
struct InheritingServiceTests {
    @Test("It takes them, once")
    func takes() throws {
        let inherited = try Socket.inheritedListeners()
        #expect(inherited.map(\.name) == ["web", "input"])
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { #expect(unsafe getenv(name) == nil) }
        try #expect(Socket.inheritedListeners().isEmpty)
        let input = try #require(inherited.last?.descriptor.take())
        #expect(input == 4)
        #expect(fcntl(input, F_GETFD) == FD_CLOEXEC)
        close(input)
        guard let listener = try inherited.first(where: { $0.name == "web" })?.descriptor.takeSocket() else {
            Issue.record("no socket")
            return
        }
        let (number, isInheritable) = (listener.descriptor, listener.isInheritable)
        #expect(number == 3)
        #expect(!isInheritable)
        let isListening = try listener.option(.isListening)
        #expect(isListening)
        let accepted = try listener.accept()
        try accepted.socket.sendAll("web")
    }
}
