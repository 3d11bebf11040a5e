internal import CLibcurl
@_spi(Loops) internal import MinatoLoop

// Bodies that go out over HTTP/2: see `UploadState`.
extension CurlLoop {
    /// Has the server know that a stream is given up: of itself libcurl 7.88 tells it with whatever it sends next.
    ///
    /// A connection that nobody else uses is closed. Where others do, one of them has libcurl send.
    func cut(_ transfer: CurlTransfer) {
        transfer.forbidReuse()
        let origin = transfer.request.location.origin
        if origin.scheme == "https" { resets.append((origin, transfer.easy.localPort)) }
    }

    /// Tells the servers of the streams that have been reset, as far as others use their connections.
    func tell() {
        let streams = resets
        resets = []
        for (origin, port) in streams {
            // On the same connection: there may be several to an origin.
            let other = unsafe transfers.first {
                $0.transfer.isFramed && !$0.transfer.isPaused && !$0.transfer.isSendingPaused
                    && $0.transfer.request.location.origin == origin && $0.transfer.easy.localPort == port
            }
            guard let other else { continue }
            goOn(other) { $0.askAgain() }
            actNow()
            takeFinished()
        }
    }

    /// How often libcurl is called in a row for what it wants to do at once.
    private static let maximumTurns = 100

    /// A socket has taken more for several times in a row, and nothing has come: looks whether anything goes out.
    func look(_ source: CurlSocket) {
        let sending = unsafe transfers.filter {
            $0.transfer.request.hasBody && !$0.transfer.hasSentAll && $0.transfer.easy.localPort == source.localPort
        }
        let sent = sending.reduce(0) { $0 + $1.transfer.sentBytes }
        guard !sending.isEmpty, source.hold(at: sent, until: core.now + CurlTransfer.holdingTime) else { return }
        inside { for transfer in sending where transfer.transfer.isDeaf { end(transfer, CURLE_OK) } }
    }

    /// Has libcurl receive once more for those whose responses may have ended when their last bytes went out: see `UploadState`.
    ///
    /// What it does then is for the first transfer on the connection that it comes to: so what it has to do at once it does before.
    func askAgain() {
        var asked: [CurlTransfer] = []
        // By what is done for one, another may come to it.
        while let index = unsafe common.overtaken.firstIndex(where: { !isUnderWay($0) }) {
            let transfer = unsafe common.overtaken.remove(at: index)
            for _ in 0..<Self.maximumTurns where deadline == 0 { actNow() }
            takeFinished()
            guard let active = active(transfer) else { continue }
            if transfer.hasFailedWholly {
                end(active, CURLE_OK)
                continue
            }
            // There may be something of it that the socket has not taken: then it is asked next time, too.
            let port = transfer.easy.localPort
            if unsafe sockets.all.contains(where: { $0.takesMore && $0.localPort == port }) { asked.append(transfer) }
            goOn(active) { $0.askAgain() }
            actNow()
            takeFinished()
        }
        // Not those that have ended by that: they would be kept until something happens here again.
        unsafe common.overtaken += asked.filter { active($0) != nil }
    }

    /// A transfer as one of the loop's, as long as it is: its handle may be another's by now.
    private func active(_ transfer: CurlTransfer) -> LoopTransfer? {
        guard let active = transfer.easy.loopTransfer, active.transfer === transfer else { return nil }
        return active
    }

    /// Whether the body of its request, or what has come, is still on its way, so that there is nothing to ask.
    private func isUnderWay(_ transfer: CurlTransfer) -> Bool {
        guard active(transfer) != nil, !transfer.hasFailedWholly else { return false }
        return !transfer.hasSentAll || transfer.isPaused
    }
}
