internal import CLibcurl

// The functions that libcurl calls, each of which finds the transfer under way by its handle.
extension CurlTransfer {
    /// Sets them.
    func setCallbacks(_ options: inout CurlOptions) {
        // The handle, which serves other transfers after this one.
        let context = unsafe Unmanaged.passUnretained(easy).toOpaque()
        options.note(unsafe minato_curl_set_context(easy.pointer, context))
        options.note(unsafe minato_curl_set_error_buffer(easy.pointer, easy.message))
        let head = unsafe minato_curl_set_head_function(
            easy.pointer,
            { bytes, size, count, context in
                guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
                let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
                return unsafe CurlEasy.call(context, else: -1) { unsafe $0.takeHead(Span(_unsafeBytes: line)) }
            }, context)
        options.note(head)
        let body = unsafe minato_curl_set_body_function(
            easy.pointer,
            { bytes, size, count, context in
                guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
                let piece = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
                return unsafe CurlEasy.call(context, else: -1) { unsafe $0.takeBody(piece) }
            }, context)
        options.note(body)
        let opening = unsafe minato_curl_set_open_function(
            easy.pointer,
            { context, _, address in
                guard let address = unsafe address, let context = unsafe context else { return CURL_SOCKET_BAD }
                return unsafe CurlEasy.call(context, else: CURL_SOCKET_BAD) { unsafe $0.open(address) }
            }, context)
        options.note(opening)
        let sending = unsafe minato_curl_set_request_function(
            easy.pointer,
            { context, _, _, _, _ in
                guard let context = unsafe context else { return CURL_PREREQFUNC_ABORT }
                let maySend = unsafe CurlEasy.call(context, else: false) { $0.maySend() }
                return maySend ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
            }, context)
        options.note(sending)
        let report = unsafe minato_curl_set_debug_function(
            easy.pointer,
            { _, kind, bytes, count, context in
                guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
                let text = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
                switch kind {
                case CURLINFO_TEXT: unsafe CurlEasy.call(context, else: ()) { unsafe $0.takeReport(Array(text)) }
                case CURLINFO_HEADER_IN: unsafe CurlEasy.call(context, else: ()) { unsafe $0.seeLine(text) }
                default: break
                }
                return 0
            }, context)
        options.note(report)
        if feed != nil { unsafe setReadFunctions(&options, context) }
    }
}
