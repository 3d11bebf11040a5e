import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Messages over connections", .watchdog, .serialized)
struct ConnectionMessagesTests {
    static let unix = Setup.all.filter { $0.transport == .unix }

    @Test("Descriptors pass in both directions", arguments: unix)
    func descriptors(_ setup: Setup) async throws {
        try await setup.run { stage in
            let peer = stage.peer
            let receiving = stage.start { connection in
                let message = try await connection.receiveDescriptors(atMost: 2)
                try peer.socket.shutdown(.sending)
                let end = try await connection.receiveDescriptors(atMost: 2)
                #expect(end.bytes.isEmpty && end.descriptors.isEmpty)
                return message
            }
            await stage.untilWaiting(.reading)
            let passed = try Socket.pair()
            try peer.socket.send(descriptors: [passed.first.descriptor], with: Array("here".utf8))
            let message = try await receiving.value
            #expect(text(message.bytes) == "here")
            let copy = try message.descriptors.first?.takeSocket()
            guard let copy else {
                Issue.record("no descriptor")
                return
            }
            try copy.sendAll("through the copy")
            #expect(text(try passed.second.receive(atMost: 100)) == "through the copy")

            let number = passed.first.descriptor
            #expect(try await stage.start { try await $0.send(descriptors: [number]) }.value == 1)
            let answer = try peer.socket.receiveDescriptors(atMost: 1)
            #expect(answer.bytes == [0])
            #expect(answer.descriptors.count == 1)
        }
    }

    @Test("Bytes behind bytes that descriptors came with are read without a further event", arguments: unix)
    func behindDescriptors(_ setup: Setup) async throws {
        // A plain read ends behind them, short, though more is there.
        try await setup.run { stage in
            let passed = try Socket.pair()
            try stage.peer.socket.send(descriptors: [passed.first.descriptor], with: Array("with".utf8))
            try stage.peer.socket.sendAll("behind")
            try await stage.start { (connection) async throws in
                #expect(text(try await connection.read(atMost: 100, timeout: .seconds(20))) == "with")
                #expect(text(try await connection.read(atMost: 100, timeout: .seconds(20))) == "behind")
            }.value
        }
    }

    @Test("Credentials come beside the bytes, and bytes that were read ahead come without any", arguments: unix)
    func credentials(_ setup: Setup) async throws {
        try await setup.run { stage in
            try stage.connection.setOption(.passCredentials, true)
            try stage.peer.socket.sendAll("line\nahead")
            let peer = stage.peer
            try await stage.start { connection in
                _ = try await connection.readLine()
                let first = try await connection.receiveMessage(ancillaryCapacity: AncillaryData.space(64))
                #expect(text(first.bytes) == "ahead")
                #expect(first.credentials == nil)
                try peer.socket.sendAll("next")
                let second = try await connection.receiveMessage(
                    atMost: 2, ancillaryCapacity: AncillaryData.space(64))
                #expect(text(second.bytes) == "ne")
                #expect(second.credentials?.process == getpid())
                #expect(text(try await connection.read(atMost: 100)) == "xt")
            }.value
        }
    }

    @Test("What cannot be sent is refused before anything is")
    func refused() async throws {
        try await Setup(transport: .unix).run { stage in
            let connection = stage.connection
            #expect(await code { try await connection.send(descriptors: []) } == .invalidArgument)
            #expect(await code { try await connection.send(descriptors: [0], with: []) } == .invalidArgument)
            #expect(await code { try await connection.send(descriptors: [-1]) } == .badDescriptor)
            #expect(try await connection.sendMessage([], ancillary: []) == 0)
            #expect(
                await code { _ = try await connection.receiveMessage(atMost: 0, ancillaryCapacity: 0) }
                    == .invalidArgument)
            #expect(await code { _ = try await connection.receiveMessage(ancillaryCapacity: -1) } == .invalidArgument)
            #expect(await code { _ = try await connection.receiveDescriptors(atMost: -1) } == .invalidArgument)
            try await connection.write("fine")
            #expect(text(try stage.peer.socket.receive(atMost: 10)) == "fine")
        }
    }
}
