internal import MinatoServer
internal import MinatoSocket

// The faces that run on event loops. They are to be filled in when the library has them; until then the runner says
// "skipped" and why.

extension MinatoEcho {
    struct NotThere: Error, CustomStringConvertible {
        let description: String
    }

    /// A task for each connection: `async`, and with a timeout on every operation `async-timeout`.
    static func serveAsync(_ options: Options, until signals: consuming SignalDescriptor) async throws {
        throw NotThere(description: "the async face is not there yet")
    }

    /// Bytes in, bytes out, called on the loop.
    static func serveResponder(_ options: Options, until signals: consuming SignalDescriptor) async throws {
        throw NotThere(description: "the responder face is not there yet")
    }
}
