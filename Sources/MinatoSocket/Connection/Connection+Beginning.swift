extension Connection {
    /// Puts bytes in front of what is read next. Before anybody reads.
    ///
    /// - Parameter firstReadTimeout: for the first wait from now on, in nanoseconds.
    package func begin(with bytes: [UInt8], firstReadTimeout: Int64) {
        if !bytes.isEmpty { input = ReadBuffer(bytes) }
        unsafe channel.firstReadTimeout = bytes.isEmpty ? firstReadTimeout : -1
    }
}
