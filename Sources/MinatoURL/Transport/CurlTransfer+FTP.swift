internal import CLibcurl
internal import Glibc
internal import HTTPTypes
internal import MinatoLoop

/// What a transfer by FTP needs beside the rest.
struct FTPState {
    /// The most that a server may say in all its replies, in bytes.
    static let maximumReplies = 256 * 1024

    /// How many bytes of replies have come.
    var replyCount = 0
    var hasHead = false
}

/// The open sockets of a transfer, to be shut down by whoever gives it up while its thread waits inside libcurl.
final class TransferSockets: Sendable {
    private let all = Guarded<[curl_socket_t]>([])

    func add(_ socket: curl_socket_t) {
        if socket >= 0 { all.withLock { $0.append(socket) } }
    }

    /// Closes one; its number is not used by anybody else before it is forgotten.
    func close(_ socket: curl_socket_t) -> Int32 {
        all.withLock { all in
            all.removeAll { $0 == socket }
            return Glibc.close(socket)
        }
    }

    /// Ends all connections. Whoever waits for one is told.
    func shutDown() {
        all.withLock { all in
            for socket in all { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }
}

extension CurlTransfer {
    /// Takes a line of what an FTP server says, which libcurl understands by itself.
    func takeReply(_ count: Int) -> Int {
        ftp.replyCount += count
        guard ftp.replyCount <= FTPState.maximumReplies else {
            failure = OpenError(
                .headersTooLarge, operation, url: request.url,
                detail: "the replies of the FTP server are longer than \(FTPState.maximumReplies) bytes")
            return -1
        }
        return count
    }

    /// Makes the head of the response from what is known when the file begins, or ends at once.
    func publishFTP() {
        guard !ftp.hasHead else { return }
        ftp.hasHead = true
        let path = request.location.path
        var fields: HTTPFields = [.contentType: path.hasSuffix("/") ? "text/plain" : MediaType.ofFile(named: path)]
        let size = easy.number(CURLINFO_CONTENT_LENGTH_DOWNLOAD_T)
        if size >= 0 { fields[.contentLength] = "\(size)" }
        let time = easy.number(CURLINFO_FILETIME_T)
        if time >= 0 { fields[.lastModified] = HTTPDate.text(WallTime(secondsSince1970: Int64(time))) }
        var head = URLOpener.ResponseHead(status: 200, reason: "OK", fields: fields)
        head.note(isDecoded: false, URLOpener.ConnectionInfo(easy))
        pipe.publish(head)
    }

    /// Has libcurl close sockets by way of `sockets`, if there are such.
    func setCloseFunction(_ options: inout CurlOptions) {
        guard let sockets else { return }
        let context = unsafe Unmanaged.passUnretained(sockets).toOpaque()
        let code = unsafe minato_curl_set_close_function(
            easy.pointer,
            { context, socket in
                guard let context = unsafe context else { return -1 }
                return unsafe Unmanaged<TransferSockets>.fromOpaque(context).takeUnretainedValue().close(socket)
            }, context)
        options.note(code)
    }
}
