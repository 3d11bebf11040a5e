import Glibc
import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("Handing a listener over between servers on event loops", .watchdog)
struct LoopsHandOverTests {
    @Test("20 restarts under load: no client is lost, refused or reset", arguments: LoopStage.all)
    func restarts(stage: LoopStage) throws {
        var server = try tcpServer()
        let address = server.address
        let isOver = Guarded(false)
        let clients = try (0..<4).map { _ in
            try Background {
                var count = 0
                while !isOver.withLock({ $0 }) {
                    var connection = try Socket.connect(to: .address(address), timeout: .seconds(20))
                    try connection.setTimeout(.seconds(20))
                    try connection.sendAll("request \(count)")
                    try connection.shutdown(.sending)
                    guard try connection.readToEnd() == "request \(count)" else { throw Failure("\(count) was lost") }
                    count += 1
                }
                return count
            }
        }
        var serving = try LoopServing(server, stage, stage.echo).begun()
        for _ in 0..<20 {
            let pair = try Socket.pair()
            try server.handOver(to: pair.first)
            let successor = try TCPServer(receivingFrom: pair.second)
            let successorServing = try LoopServing(successor, stage, stage.echo).begun()
            #expect(server.drainBlocking(timeout: .seconds(20)).ended == 0)
            try serving.join()
            (server, serving) = (successor, successorServing)
        }
        isOver.withLock { $0 = true }
        for client in clients { try #expect(client.join() > 0) }
        server.shutdown()
        try serving.join()
    }

    @Test("Who comes to a full server that has a successor is served by one of the two", arguments: LoopStage.epoll)
    func full(stage: LoopStage) throws {
        for _ in 0..<10 {
            var limits = ServerLimits()
            limits.maxConnections = 1
            let server = try tcpServer(limits: limits)
            let serving = try LoopServing(server, stage, stage.echo)
            let first = try sharedClient(of: server)
            try #expect(first.exchange("x") == "x")
            let pair = try Socket.pair()
            try server.handOver(to: pair.first)
            let successor = try TCPServer(receivingFrom: pair.second)
            let successorServing = try LoopServing(successor, stage, stage.echo).begun()
            // Their arrival may be told to the full one alone, and nobody comes after them.
            let others = try (0..<3).map { _ in try sharedClient(of: server) }
            let drain = try Background { server.drainBlocking(timeout: .seconds(20)) }
            for other in others {
                try #expect(other.exchange("y") == "y")
                try other.socket.shutdown(.sending)
            }
            try first.socket.shutdown(.sending)
            try #expect(drain.join().ended == 0)
            try serving.join()
            successor.shutdown()
            try successorServing.join()
        }
    }

    @Test("A quiet restart: the one client that comes in the middle is served", arguments: LoopStage.epoll)
    func quiet(stage: LoopStage) throws {
        for _ in 0..<30 {
            let server = try tcpServer()
            let serving = try LoopServing(server, stage, stage.echo)
            try #expect(sharedClient(of: server).exchange("x") == "x")
            let pair = try Socket.pair()
            try server.handOver(to: pair.first)
            let successor = try TCPServer(receivingFrom: pair.second)
            let successorServing = try LoopServing(successor, stage, stage.echo).begun()
            let drain = try Background { server.drainBlocking(timeout: .seconds(20)) }
            // Nobody comes after it, whose arrival would wake whoever was not woken for this one.
            let client = try sharedClient(of: server)
            try #expect(client.exchange("y") == "y")
            try client.socket.shutdown(.sending)
            try #expect(drain.join().ended == 0)
            try serving.join()
            successor.shutdown()
            try successorServing.join()
        }
    }
}
