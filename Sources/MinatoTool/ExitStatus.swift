import ArgumentParser

extension ExitCode {
    /// Something failed; a line on standard error has said what.
    static let failed = ExitCode(1)

    /// A server answered with an HTTP status outside 200-299.
    static let httpStatus = ExitCode(2)
}
