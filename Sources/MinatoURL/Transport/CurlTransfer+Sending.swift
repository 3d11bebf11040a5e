internal import CLibcurl
internal import CMinato
internal import Glibc
internal import Synchronization

// How the body of the request gets to libcurl.
extension CurlTransfer {
    /// Opens what the body comes from, so that its length is known.
    func openBody() throws(OpenError) {
        guard let body = request.body else { return }
        length = body.length
        guard body.isRestartable else {
            throw OpenError(.notRestartable, .prepare, url: request.url, detail: "the body was sent once already")
        }
        // libcurl takes a copy.
        if let bytes = body.bytes, bytes.count <= CurlOptions.copiedCount { return }
        let opened = try body.source.open(request, isBlocking: isBlocking)
        (feed, length) = (opened, opened.length ?? length)
    }

    func setReadFunctions(_ options: inout CurlOptions, _ context: UnsafeMutableRawPointer) {
        let code = unsafe minato_curl_set_read_functions(
            easy.pointer,
            { bytes, size, count, context in
                guard let bytes = unsafe bytes, let context = unsafe context else { return Int(CURL_READFUNC_ABORT) }
                let memory = unsafe UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
                return unsafe CurlEasy.call(context, else: Int(CURL_READFUNC_ABORT)) { unsafe $0.feed(memory) }
            },
            { context, offset, origin in
                guard let context = unsafe context, offset == 0, origin == SEEK_SET else {
                    return CURL_SEEKFUNC_CANTSEEK
                }
                return unsafe CurlEasy.call(context, else: false) { $0.rewind() }
                    ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
            }, context)
        options.note(code)
    }

    /// Gives libcurl the next bytes.
    private func feed(_ memory: UnsafeMutableRawBufferPointer) -> Int {
        guard let feed else { return Int(CURL_READFUNC_ABORT) }
        // libcurl would send what goes beyond the length.
        let room = length.map { min($0 - fedCount, memory.count) } ?? memory.count
        request.body?.use.hasBegun.store(true, ordering: .releasing)
        switch unsafe feed.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[..<room])) {
        case .bytes(let count):
            fedCount += count
            isFed = count == 0
            lastProgress = minato_clock_now()
            guard count > 0 || fedCount == length ?? fedCount else {
                failure = request.refusal("the body is shorter than its length of \(length ?? 0)")
                return Int(CURL_READFUNC_ABORT)
            }
            return count
        case .later:
            isSendingPaused = true
            return Int(CURL_READFUNC_PAUSE)
        case .failed(let error):
            failure = error
            return Int(CURL_READFUNC_ABORT)
        }
    }

    /// Goes back to the beginning of the body. False when it cannot.
    func rewind() -> Bool {
        guard feed?.rewind() == true else { return false }
        (fedCount, isFed) = (0, false)
        return true
    }
}
