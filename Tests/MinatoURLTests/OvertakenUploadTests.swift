import CMinato
import MinatoSocket
import TestSupport
import Testing

@_spi(Loops) @testable import MinatoLoop
@testable import MinatoURL

/// Requests whose responses a loop asks libcurl for once more: see `UploadState`.
@Suite(.watchdog) struct OvertakenUploadTests {
    /// One that ends by that is forgotten, and not kept until something else happens on its loop: though its socket has not taken all,
    /// for which it would be asked again.
    @Test func whatEndsByItIsForgotten() async throws {
        let (hasAsked, mayAnswer, hasAnswered) = (Gate(), Gate(), Gate())
        let server = try RawServer { connection in
            _ = connection.readRequest()
            hasAsked.open()
            mayAnswer.wait()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            hasAnswered.open()
            // Until the client has gone.
            _ = connection.readByte()
        }
        let curl = CurlLoop(on: try EventLoop())
        let request = try URLOpener.Request(server.url(), body: [7, 7, 7]).completed()
        let configuration = URLOpener.SharedConfiguration(URLOpener.Configuration())
        let transfer = try LoopTransfer(request, HopLimits(), configuration, on: curl)
        try transfer.transfer.openBody()
        curl.core.post { curl.begin(transfer) }
        #expect(await hasAsked.opened())
        let (isDone, isForgotten) = (Gate(), Guarded(false))
        curl.core.post {
            defer { isDone.open() }
            // As long as this waits, the loop receives nothing by itself.
            mayAnswer.open()
            guard hasAnswered.wait() else { return }
            for socket in curl.sockets.all {
                _ = socket.watch(UInt32(MINATO_READABLE | MINATO_WRITABLE), on: curl.core)
            }
            curl.common.overtaken.append(transfer.transfer)
            curl.inside {}
            isForgotten.withLock { $0 = transfer.pipe.rest.isAtEnd && curl.common.overtaken.isEmpty }
        }
        #expect(await isDone.opened())
        #expect(isForgotten.withLock { $0 })
        curl.retire()
    }
}
