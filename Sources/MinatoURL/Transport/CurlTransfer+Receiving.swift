internal import CLibcurl

// How the body of the response gets from libcurl to its reader.
extension CurlTransfer {
    /// Of chunks libcurl notes what it has received after it has decoded it: this much may be missing.
    private static let unnoted = 16 * 1024

    /// Takes bytes of the body, or makes libcurl keep them until the reader has made room.
    func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        if !isPlain, request.isForFTP {
            // What libcurl makes of size and time is not the file.
            if request.method == "HEAD" { return bytes.count }
            publishFTP()
        }
        if isDecoded, let error = refusal(of: pieces.count + bytes.count) {
            failure = error
            return -1
        }
        let new = unsafe pieces.withoutKnown(bytes)
        if new.count < bytes.count {
            unsafe pipe.append(new, at: now)
            pieces.count += new.count
            return bytes.count
        }
        let offer = unsafe offer(bytes)
        if offer != .refused { pieces.count += bytes.count }
        if offer == .taken { return bytes.count }
        if offer == .takenAsLast { pieces.knownCount = bytes.count }
        isPaused = true
        return Int(CURL_WRITEFUNC_PAUSE)
    }

    private func offer(_ bytes: UnsafeRawBufferPointer) -> BodyPipe.Offer {
        // Of these it can be known how many bytes libcurl has received.
        guard pieces.count >= BodyPieces.few, isPlain, !isDecoded, !isFramed, !isChunked else {
            return unsafe pipe.offer(bytes, following: 0, at: now)
        }
        let following = pieces.following(bytes.count) { (easy.number(CURLINFO_SIZE_DOWNLOAD_T), now) }
        // The transfer ends with the last byte, and does not wait for a reader who needs no more.
        let isLast = pieces.count + bytes.count == contentLength
        return unsafe pipe.offer(bytes, following: isLast ? 0 : following, at: pieces.time)
    }

    /// Why a decoded body must not be so long, or nil.
    private func refusal(of count: Int) -> OpenError? {
        let decoding = configuration.value.decoding
        let received = easy.number(CURLINFO_SIZE_DOWNLOAD_T)
        let unnoted = isChunked ? Self.unnoted : 0
        let isTooDense = count > 1 << 20 && count / max(1, decoding.maximumRatio) > received + unnoted
        guard isTooDense || count > decoding.maximumCount ?? .max else { return nil }
        let detail = "\(received) bytes have become more than \(isTooDense ? count : decoding.maximumCount ?? 0)"
        return OpenError(.decodedTooLarge, .read, url: request.url, detail: detail)
    }
}
