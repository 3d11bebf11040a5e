// A whole response of any bytes, over a socket: it is read or refused with a typed error, in time, and nothing stays open.
import Glibc
import MinatoURL

@testable import MinatoLoop
@testable import MinatoSocket

/// Answers every connection with what it is given, and ends it.
private final class Peer: @unchecked Sendable {
    private let listener: Socket
    let url: String
    private let bytes = Guarded<[UInt8]>([])

    init() {
        do throws(SocketError) {
            listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
            url = "http://\(try listener.localAddress)/"
            try Thread.start { while true { self.serve() } }
        } catch {
            fatalError("\(error)")
        }
    }

    func answer(with bytes: [UInt8]) { self.bytes.withLock { $0 = bytes } }

    private func serve() {
        do throws(SocketError) {
            let accepted = try listener.accept()
            _ = try accepted.socket.receive(atMost: 65_536)
            try accepted.socket.sendAll(bytes.withLock { $0 })
            try accepted.socket.shutdown(.sending)
            while !(try accepted.socket.receive(atMost: 65_536)).isEmpty {}
        } catch {
            // The client may have gone before.
        }
    }
}

private let peer = Peer()
private nonisolated(unsafe) var most = 0
private let opener = URLOpener()

private func openDescriptors() -> Int { (0..<1000).count { fcntl(Int32($0), F_GETFD) >= 0 } }

/// Takes one input from libFuzzer.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    peer.answer(with: Array(UnsafeBufferPointer(start: data, count: count)))
    do throws(OpenError) {
        let response = try opener.openBlocking(peer.url, timeout: .seconds(5))
        precondition(200...299 ~= response.status)
        _ = try response.body.collect(upTo: 1 << 20)
    } catch {
        if error.code == .timedOut || error.code == .transport { fatalError("\(error)") }
    }
    // Some are kept for the next request: no more of them with every one.
    if most == 0 { most = openDescriptors() + 16 }
    precondition(openDescriptors() <= most)
    return 0
}
