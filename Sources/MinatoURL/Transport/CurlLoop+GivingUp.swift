@_spi(Loops) internal import MinatoLoop

// What becomes of transfers when the system is short.
extension CurlLoop {
    /// Ends the transfer whose socket cannot be watched, as soon as libcurl may be called, and those that share its connection:
    /// nobody would tell them of anything.
    ///
    /// It is not said to libcurl, which would end no transfer for it, and take no other one as long as there are any.
    ///
    /// - Parameters:
    ///   - struck: the transfer for which it was to be watched.
    ///   - port: that of the socket, 0 for none.
    func giveUpLater(_ struck: LoopTransfer?, at port: Int) {
        later.append { self.giveUp(struck, at: port) }
    }

    private func giveUp(_ struck: LoopTransfer?, at port: Int) {
        let unwatched = unsafe transfers.filter { transfer in
            if transfer === struck { return true }
            return port > 0 && transfer.transfer.isFramed && transfer.transfer.easy.localPort == port
        }
        for transfer in unwatched { giveUp(transfer) }
    }

    /// After a lack of memory libcurl 7.88 has a socket of which it knows only half, and divides by zero when it comes to that
    /// again: so nothing goes on here, and the next transfer begins anew.
    func giveUpAll() {
        for transfer in unsafe transfers { giveUp(transfer) }
        closeAll()
    }

    private func giveUp(_ transfer: LoopTransfer) {
        transfer.pipe.finish(.failed(CurlTransport.exhausted(transfer.pipe.url)))
        remove(transfer)
    }
}
