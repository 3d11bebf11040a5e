import ArgumentParser
import Glibc
import Minato

/// `minato get`: the two URL programs of the page.
struct GetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Fetch a URL.",
        discussion: """
            The body goes to standard output or to a file, everything else to standard error. The password for --user is \
            read from a file, and used only when the server asks for Digest or Basic authentication, for the realm when one \
            is given. Where the server offers both, it is Digest, which does not show the password. One in a URL works too, \
            for the server and for the proxy; but everybody on the machine can see a command line.

                minato get --first 300 http://localhost:8000/

            With --resume, what has come stays in FILE.part when the transfer breaks off or the program is ended, and the \
            same command goes on from there if the file has not changed at the server.

            With --json, standard output is one JSON object about the response: url (the last one, after redirects), \
            status, reason, httpVersion, fields (a list of name and value, in order, duplicates kept, what is not UTF-8 \
            replaced), remoteAddress, timings (in seconds from the beginning of the last request: nameLookup, connect, \
            tlsHandshake, requestStart, firstByte; total from the beginning of the command to the end of the body), bytes \
            (of the body, or of the file when it was resumed), resumedAt (how many of them were there before), file (what --output names, when it is \
            complete) and error (code, operation, detail and status when something failed). What is not known is null. \
            The body goes to the file of --output, and nowhere without one; that of an error status is not read.
            """)

    @Argument(help: "The URL: http or https.")
    var url: String

    @Option(help: ArgumentHelp("Only the first bytes of the body.", valueName: "count"))
    var first: Int?

    @Option(help: "The user to authenticate as; needs --password-file.")
    var user: String?

    @Option(
        help: ArgumentHelp(
            "The file whose first line, UTF-8 of at most 4096 bytes, is the password; - for standard input.",
            valueName: "file"))
    var passwordFile: String?

    @Option(help: "The realm that the password is for. Default: any.")
    var realm: String?

    @Option(
        name: .customLong("header"),
        help: ArgumentHelp("A field to send, 'Name: value'. Repeatable.", valueName: "field"))
    var headers: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            The proxy to use: http://[user:password@]host:port, https://... or socks5://... Default: what the \
            environment says: http_proxy, https_proxy, and no_proxy for the hosts to reach without one (* for all).
            """, valueName: "url"))
    var proxy: String?

    @Option(
        help: ArgumentHelp(
            "Cookies are read from this file, if it is there, and written back, in Netscape's format.",
            valueName: "file"))
    var cookieJar: String?

    @Option(help: ArgumentHelp("Where the body goes; it appears there when it is complete.", valueName: "file"))
    var output: String?

    @Flag(help: "Go on where an earlier run with the same --output stopped, and keep what comes for a later one.")
    var resume = false

    @Flag(
        help: """
            Show how far it is on standard error: on a terminal, which shows it with --output anyway, on one line; else a \
            line a second.
            """)
    var progress = false

    @Flag(help: "Print a JSON object about the response in place of its body.")
    var json = false

    @Option(help: ArgumentHelp("How long each step may take. Default: no limit.", valueName: "seconds"))
    var timeout: Seconds?

    func validate() throws {
        if let first, first < 0 { throw ValidationError("--first takes zero or more.") }
        if (user == nil) != (passwordFile == nil) { throw ValidationError("--user and --password-file go together.") }
        if realm != nil, user == nil { throw ValidationError("--realm needs --user.") }
        if resume, output == nil { throw ValidationError("--resume needs --output.") }
        if resume, first != nil { throw ValidationError("--resume takes the whole file, and --first a part of it.") }
        for header in headers where !header.contains(":") {
            throw ValidationError("--header takes 'Name: value'.")
        }
    }

    func run() throws {
        let fetch = Fetch(self)
        let result = Result { try fetch.run() }
        do {
            // When it cannot be written, that is the failure to tell: the object would have told the other one.
            if json { try Terminal.print(fetch.report.text(result.failure)) }
            try result.get()
        } catch let error as OpenError {
            Terminal.complain("\(error)")
            throw error.code == .httpStatus ? ExitCode.httpStatus : ExitCode.failed
        } catch let error where error is CookieFileError || error is FileFailure || error is SavedFile.Failure {
            Terminal.complain("\(error)")
            throw ExitCode.failed
        }
    }
}

extension Result {
    /// What it failed with, if it did.
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
