internal import CLibcurl

extension URLOpener.ConnectionInfo {
    /// What libcurl knows of the connection of the transfer that is under way.
    init(_ easy: CurlEasy) {
        self.init()
        remoteAddress = unsafe easy.common.peers.remote(
            easy.text(CURLINFO_PRIMARY_IP), easy.long(CURLINFO_PRIMARY_PORT))
        localAddress = unsafe easy.common.peers.local(easy.text(CURLINFO_LOCAL_IP), easy.long(CURLINFO_LOCAL_PORT))
        isReused = easy.long(CURLINFO_NUM_CONNECTS) == 0
        timings = URLOpener.Timings(easy)
    }
}

extension URLOpener.Timings {
    fileprivate init(_ easy: CurlEasy) {
        self.init()
        // libcurl gives 0 for a step that there was not.
        func time(_ info: CURLINFO, after earlier: Duration) -> Duration {
            max(.microseconds(easy.number(info)), earlier)
        }
        nameLookup = time(CURLINFO_NAMELOOKUP_TIME_T, after: .zero)
        connect = time(CURLINFO_CONNECT_TIME_T, after: nameLookup)
        tlsHandshake = time(CURLINFO_APPCONNECT_TIME_T, after: connect)
        requestStart = time(CURLINFO_PRETRANSFER_TIME_T, after: tlsHandshake)
        firstByte = time(CURLINFO_STARTTRANSFER_TIME_T, after: requestStart)
    }
}
