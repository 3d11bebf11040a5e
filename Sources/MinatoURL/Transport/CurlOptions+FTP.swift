internal import CLibcurl
internal import MinatoLoop

extension CurlOptions {
    /// What is asked of an FTP server.
    mutating func setFTP(_ request: URLOpener.Request, _ limits: HopLimits) {
        set(CURLOPT_PROTOCOLS_STR, "ftp")
        set(CURLOPT_URL, request.location.target)
        let credentials = request.location.userInformation
        set(CURLOPT_USERNAME, credentials?.user ?? "anonymous")
        set(CURLOPT_PASSWORD, credentials?.password ?? "anonymous@")
        if request.method == "HEAD" { set(CURLOPT_NOBODY, 1) }
        set(CURLOPT_FILETIME, 1)
        set(CURLOPT_BUFFERSIZE, Self.bufferSize)
        // A server that names another host in its reply to PASV would have us connect there.
        set(CURLOPT_FTP_SKIP_PASV_IP, 1)
        // For some replies libcurl waits without giving the thread back: to no limit of ours it would listen then.
        let left = Duration.nanoseconds(limits.deadline.remainingNanoseconds)
        let patience = min(limits.idle ?? limits.firstByte ?? .seconds(60), left)
        set(CURLOPT_SERVER_RESPONSE_TIMEOUT, max(1, min((patience.wholeMilliseconds + 999) / 1000, Int(Int32.max))))
    }
}
