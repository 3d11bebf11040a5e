import Glibc

/// Standard input, output and error, which whoever starts the program may have closed.
enum StandardStreams {
    /// Gives those that are closed to /dev/null: the next descriptor that the program opens, a socket maybe, would be taken for them.
    ///
    /// In the wrong direction, so that reading and writing fail with EBADF, as they did before, and nothing is lost without a word.
    static func fill() {
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)]
        where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // The lowest number that is free, which is this one.
            _ = unsafe open("/dev/null", mode)
        }
    }
}
