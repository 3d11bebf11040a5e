import MinatoServer
import MinatoSocket
import TestSupport
import Testing

/// Whether clients are refused. To be asked in a process that starts no others (`processExitsWith`): a program that is started has copies
/// of all descriptors until it is executed, and for so long the kernel listens.
private func isRefused(_ address: SocketAddress) -> Bool {
    errorCode { () throws(SocketError) in _ = try Socket.connect(to: .address(address)) } == .connectionRefused
}

@Suite("Ending a server", .watchdog)
struct ShutdownTests {
    @Test("Before serving: clients are refused, and serving throws .closed, however often")
    func before() async {
        await #expect(processExitsWith: .success) {
            let server = try tcpServer()
            server.shutdown()
            server.shutdown()
            #expect(isRefused(server.address))
            for _ in 0..<2 {
                let error = #expect(throws: SocketError.self) { try server.serveBlocking(echo) }
                #expect(error?.code == .closed)
                #expect(error?.operation == .serve)
                #expect(error?.description == "serve: Closed")
            }
        }
    }

    @Test("While nothing happens: serving returns, the port is free, and another shutdown does nothing")
    func idle() async {
        await #expect(processExitsWith: .success) {
            var address = SocketAddress()
            for round in 0..<20 {
                let endpoint: Endpoint = round == 0 ? .tcp("127.0.0.1", 0) : .address(address)
                let server = try TCPServer(on: endpoint)
                if round > 0 { #expect(server.address == address) }
                address = server.address
                try serving(server) {
                    try $0.serveBlocking(echo)
                } while: {
                    let connection = try client(of: server)
                    try connection.sendAll("x")
                    _ = try connection.receive(atMost: 1)
                }
                server.shutdown()
                #expect(isRefused(address))
                #expect(errorCode { () throws(SocketError) in try server.serveBlocking(echo) } == .closed)
            }
        }
    }

    @Test("From a handler: it returns at once, and so does serving after the handler")
    func fromHandler() throws {
        let server = try tcpServer()
        let background = try Background {
            try server.serveBlocking { connection, _ in
                server.shutdown()
                server.shutdown()
                // Its own connection was shut down too.
                try #expect(connection.receive(atMost: 1) == [])
            }
        }
        try #expect(client(of: server).readToEnd() == "")
        try background.join()
    }

    @Test("With clients that are connected and silent: their handlers see the end of the stream")
    func idleClients() throws {
        let server = try tcpServer()
        let (started, received) = (Journal<Bool>(), Journal<[UInt8]>())
        let background = try Background {
            try server.serveBlocking { connection, _ in
                started.write(true)
                received.write(try connection.receive(atMost: 10))
            }
        }
        var clients: [SharedSocket] = []
        for _ in 0..<10 { clients.append(SharedSocket(try client(of: server))) }
        started.wait(for: 10)
        server.shutdown()
        try background.join()
        #expect(received.entries == [[UInt8]](repeating: [], count: 10))
        for client in clients { try #expect(client.socket.readToEnd() == "") }
    }

    @Test("While all threads are busy and clients wait in the backlog")
    func fullPool() async {
        await #expect(processExitsWith: .success) {
            var limits = ServerLimits()
            limits.threads = 1
            let server = try tcpServer(limits: limits)
            let started = Journal<Bool>()
            let background = try Background {
                try server.serveBlocking { connection, _ in
                    started.write(true)
                    _ = try connection.receive(atMost: 10)
                }
            }
            var clients: [SharedSocket] = []
            for _ in 0..<5 { clients.append(SharedSocket(try client(of: server))) }
            started.wait(for: 1)
            server.shutdown()
            try background.join()
            #expect(started.entries.count == 1)
            #expect(isRefused(server.address))
        }
    }

    @Test("Fifty times while clients keep connecting")
    func underLoad() throws {
        for round in 1...50 {
            let server = try tcpServer()
            let address = server.address
            let served = Journal<Bool>()
            let background = try Background {
                try server.serveBlocking { connection, _ in
                    served.write(true)
                    try connection.sendAll("x")
                }
            }
            // Connects until it is refused. A connection that was never accepted is reset, or, once in thousands of closed
            // listeners, Linux forgets it and tells nobody: hence the time limit.
            let lost: Set<SocketError.Code> = [.connectionReset, .timedOut]
            let load = try Background { () -> Int in
                var count = 0
                while true {
                    do {
                        let text = try Socket.connect(to: .address(address), timeout: .seconds(1)).readToEnd()
                        if text == "x" { count += 1 }
                    } catch let error as SocketError {
                        if error.code == .connectionRefused { return count }
                        guard lost.contains(error.code) else { throw error }
                    }
                }
            }
            let least = round % 5 + 1
            served.wait(for: least)
            server.shutdown()
            try background.join()
            let answered = try load.join()
            #expect(answered >= least - 1)
            #expect(answered <= served.entries.count)
        }
    }

    @Test("A shutdown while serving begins, fifty times: it returns or throws .closed, and never hangs")
    func atTheBeginning() throws {
        for _ in 0..<50 {
            let server = try tcpServer()
            let background = try Background { () -> SocketError.Code? in
                errorCode { () throws(SocketError) in try server.serveBlocking(echo) }
            }
            server.shutdown()
            let code = try background.join()
            #expect(code == nil || code == .closed)
        }
    }

    @Test("Serving twice at a time is an error of the second")
    func twice() throws {
        let server = try tcpServer()
        try serving(server) {
            try $0.serveBlocking(with: Upper.init)
        } while: {
            // A reply proves that the first one serves.
            let connection = try client(of: server)
            try connection.sendAll("x")
            try #expect(connection.readToEnd() == "X")
            let error = #expect(throws: SocketError.self) { try server.serveBlocking(echo) }
            #expect(error?.description == "serve a second time: Operation already in progress (EALREADY)")
        }
    }

    @Test("A server that is let go of without serving frees its address")
    func dropped() async {
        await #expect(processExitsWith: .success) {
            var address = SocketAddress()
            for round in 0..<3 {
                let server = try TCPServer(on: round == 0 ? .tcp("127.0.0.1", 0) : .address(address))
                address = server.address
            }
            #expect(isRefused(address))
        }
    }
}
