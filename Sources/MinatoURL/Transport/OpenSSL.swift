internal import CLibcurl
internal import Glibc

/// The TLS library that libcurl uses, most often.
enum OpenSSL {
    /// Has OpenSSL keep, when the process ends by exit(3), what other threads may be using then: before version 4 it frees all it
    /// has in a function of atexit(3), and what a thread does with TLS after that may end the process by SIGSEGV.
    ///
    /// Without effect when it has been initialized before, and with another TLS library. What it has is one allocation of each kind
    /// for the process, which the system frees.
    ///
    /// Source: OPENSSL_init_crypto(3), OPENSSL_INIT_NO_ATEXIT.
    static func outlivesExit() {
        guard minato_curl_uses_openssl() else { return }
        typealias Initialize = @convention(c) (UInt64, OpaquePointer?) -> CInt
        // Of what was loaded with this library first, RTLD_NEXT: a program that loads it by dlopen(3) may have other symbols itself.
        let next = unsafe UnsafeMutableRawPointer(bitPattern: -1)
        let name = "OPENSSL_init_crypto"
        guard let symbol = unsafe dlsym(next, name) ?? dlsym(nil, name) else { return }
        let noAtExit: UInt64 = 0x80000
        // When it fails, libcurl's own initializing does, too, and says so.
        unsafe _ = unsafeBitCast(symbol, to: Initialize.self)(noAtExit, nil)
    }
}
