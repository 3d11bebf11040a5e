import Glibc
import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("The path of a Unix server", .watchdog)
struct UnixPathTests {
    enum Kind: CaseIterable {
        case stream, datagram

        /// Both are told apart by what they serve only.
        func server(_ path: String, permissions: UInt32? = nil) throws(SocketError) -> SocketServer {
            switch self {
            case .stream: try UnixStreamServer(on: .unix(path), permissions: permissions)
            case .datagram: try UnixDatagramServer(on: .unixDatagram(path), permissions: permissions)
            }
        }

        /// A socket file that nobody is at any more.
        ///
        /// A child that another test starts at this moment has the socket, too, until it runs its program.
        func leaveBehind(_ path: String) throws {
            _ = try Socket.bound(to: self == .stream ? .unix(path) : .unixDatagram(path))
            let address = try SocketAddress(unixPath: path)
            let deadline = Deadline.after(.seconds(60))
            while errorCode({ () throws(SocketError) in try Socket(.unix, .datagram).connect(to: address) })
                != .connectionRefused
            {
                try #require(!deadline.hasPassed)
                sched_yield()
            }
        }
    }

    /// What is at a path before a server starts there.
    enum Before: CaseIterable {
        case nothing, staleStream, staleDatagram
        case boundStream, listening, boundDatagram, connectedDatagram, file, directory, linkToStale, linkToNothing, lock

        /// Whether a server gets the path.
        var isFree: Bool { self == .nothing || self == .staleStream || self == .staleDatagram }

        /// Puts it there; what is returned has to live as long as it shall be there.
        func prepare(_ path: String, in directory: TemporaryDirectory) throws -> SharedSocket? {
            switch self {
            case .nothing: break
            case .staleStream: try Kind.stream.leaveBehind(path)
            case .staleDatagram: try Kind.datagram.leaveBehind(path)
            case .boundStream: return SharedSocket(try Socket.bound(to: .unix(path)))
            case .listening: return SharedSocket(try Socket.listen(on: .unix(path)))
            case .boundDatagram: return SharedSocket(try Socket.bound(to: .unixDatagram(path)))
            case .connectedDatagram:
                let socket = try Socket.bound(to: .unixDatagram(path))
                try socket.connect(to: SocketAddress(unixPath: path))
                return SharedSocket(socket)
            case .file: _ = try directory.write("s", [])
            case .directory: try #require(unsafe mkdir(path, 0o700) == 0)
            case .linkToStale:
                try Kind.stream.leaveBehind(directory.file("stale"))
                try #require(unsafe symlink("stale", path) == 0)
            case .linkToNothing: try #require(unsafe symlink("nothing", path) == 0)
            case .lock:
                // What looks like a lock and is something else: the path might be taken over, but it is left alone.
                try Kind.stream.leaveBehind(path)
                _ = try directory.write("s.minato-lock", [1])
            }
            return nil
        }
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status : nil
    }

    private static func mode(_ path: String) -> mode_t? { status(path).map { $0.st_mode & 0o7777 } }

    @Test(
        "A server gets a path that nobody is at; everything else is refused and stays", arguments: Before.allCases,
        Kind.allCases)
    func taking(before: Before, kind: Kind) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let occupant = try before.prepare(path, in: directory)
        let inode = Self.status(path)?.st_ino
        if before.isFree {
            let server = try kind.server(path)
            #expect(server.address.unixPath == path)
            #expect(errorCode { () throws(SocketError) in _ = try kind.server(path) } == .addressInUse)
            server.shutdown()
            #expect(Self.status(path) == nil)
        } else {
            let error = #expect(throws: SocketError.self) { _ = try kind.server(path) }
            #expect(error?.code == .addressInUse)
            #expect(error?.local?.unixPath == path)
            #expect(Self.status(path)?.st_ino == inode)
        }
        if before != .lock { #expect(Self.status("\(path).minato-lock") == nil) }
        _ = occupant
    }

    @Test("A server that lives does not notice that another one asked for its path")
    func undisturbed() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let served = Journal<[UInt8]>()
        let server = try UnixStreamServer(on: .unix(path))
        try serving(server) { server in
            try server.serveBlocking { connection, _ in served.write(try connection.receive(atMost: 10)) }
        } while: {
            for kind in Kind.allCases {
                #expect(errorCode { () throws(SocketError) in _ = try kind.server(path) } == .addressInUse)
            }
            try Socket.connect(to: .unix(path)).sendAll([1])
            #expect(served.wait(for: 1) == [[1]])
        }
    }

    @Test("Of servers that start at one moment one gets the path", arguments: [Before.staleStream, .nothing])
    func racing(before: Before) throws {
        let directory = try TemporaryDirectory()
        for round in 0..<200 {
            let path = directory.file("s\(round)")
            _ = try before.prepare(path, in: directory)
            let gate = Gate()
            let starters = try (0..<3).map { _ in
                try Background<SocketServer?> {
                    gate.pass()
                    do throws(SocketError) {
                        return try Kind.stream.server(path)
                    } catch {
                        guard error.code == .addressInUse else { throw error }
                        return nil
                    }
                }
            }
            gate.wait(for: 3)
            gate.open()
            let winners = try starters.compactMap { try $0.join() }
            #expect(winners.count == 1, "round \(round)")
            // It is the winner that is at the path.
            _ = try Socket.connect(to: .unix(path))
            winners.first?.shutdown()
            #expect(Self.status(path) == nil)
        }
        #expect(try Self.names(in: directory.path).isEmpty)
    }

    private static func names(in directory: String) throws -> [String] {
        let list = try ChildProcess(["ls", "-A", directory])
        defer { _ = list.wait() }
        return list.readToEnd().split(separator: "\n").map(String.init)
    }

    @Test("A lock that a process left when it was killed does not matter")
    func lockLeftBehind() throws {
        let directory = try TemporaryDirectory()
        try Kind.stream.leaveBehind(directory.file("s"))
        _ = try directory.write("s.minato-lock", [])
        let server = try Kind.stream.server(directory.file("s"))
        #expect(Self.status(directory.file("s.minato-lock")) == nil)
        server.shutdown()
    }

    @Test("The mode is the one that was given, whatever the umask is", arguments: Kind.allCases)
    func permissions(kind: Kind) throws {
        let directory = try TemporaryDirectory()
        for permissions: UInt32 in [0o000, 0o600, 0o660, 0o666, 0o700, 0o777] {
            let server = try kind.server(directory.file("s"), permissions: permissions)
            #expect(Self.mode(directory.file("s")) == permissions)
            server.shutdown()
        }
    }

    @Test("Permissions out of their range, and of a name that has none, are refused")
    func badPermissions() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let name = "minato-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        let rows: [(Endpoint, UInt32)] = [
            (.unix(path), 0o1000), (.unix(path), .max), (.abstract(name), 0o600), (.address(.unixUnnamed), 0o600),
        ]
        for (endpoint, permissions) in rows {
            let error = #expect(throws: SocketError.self) {
                _ = try UnixStreamServer(on: endpoint, permissions: permissions)
            }
            #expect(error?.code == .invalidArgument)
            #expect(error?.subject == "permissions 0o\(String(permissions, radix: 8))")
        }
        #expect(Self.status(path) == nil)
    }

    @Test("The mode is never wider, not even for a moment", arguments: Kind.allCases)
    func neverWider(kind: Kind) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let isOver = Guarded(false)
        let watcher = try Background {
            var modes: Set<mode_t> = []
            while !isOver.withLock({ $0 }) {
                if let mode = Self.mode(path) { modes.insert(mode) }
            }
            return modes
        }
        for round in 0..<100 {
            // Half of them in the place of a stale one, which has the mode before the watcher can see it.
            if round % 2 == 1 {
                let old = directory.file("old")
                try kind.leaveBehind(old)
                try #require(unsafe chmod(old, 0o600) == 0 && rename(old, path) == 0)
            }
            try rebinding { () throws(SocketError) in try kind.server(path, permissions: 0o600) }.shutdown()
        }
        isOver.withLock { $0 = true }
        #expect(try watcher.join().filter { $0 & ~0o600 != 0 }.isEmpty)
    }
}
