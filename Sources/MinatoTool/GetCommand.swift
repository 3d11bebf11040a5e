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
            """)

    @Argument(help: "The URL: http or https.")
    var url: String

    @Option(help: ArgumentHelp("Only the first bytes of the body.", valueName: "count"))
    var first: Int?

    @Option(help: "The user to authenticate as; needs --password-file.")
    var user: String?

    @Option(help: ArgumentHelp("The file whose first line is the password; - for standard input.", valueName: "file"))
    var passwordFile: String?

    @Option(help: "The realm that the password is for. Default: any.")
    var realm: String?

    @Option(
        name: .customLong("header"),
        help: ArgumentHelp("A field to send, 'Name: value'. Repeatable.", valueName: "field"))
    var headers: [String] = []

    @Option(
        help: ArgumentHelp(
            "The proxy to use: http://[user:password@]host:port or socks5://... Default: none.", valueName: "url"))
    var proxy: String?

    @Option(
        help: ArgumentHelp(
            "Cookies are read from this file, if it is there, and written back, in Netscape's format.",
            valueName: "file"))
    var cookieJar: String?

    @Option(help: ArgumentHelp("Where the body goes; it appears there when it is complete.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("How long each step may take. Default: no limit.", valueName: "seconds"))
    var timeout: Seconds?

    func validate() throws {
        if let first, first < 0 { throw ValidationError("--first takes zero or more.") }
        if (user == nil) != (passwordFile == nil) { throw ValidationError("--user and --password-file go together.") }
        if realm != nil, user == nil { throw ValidationError("--realm needs --user.") }
        for header in headers where !header.contains(":") {
            throw ValidationError("--header takes 'Name: value'.")
        }
    }

    func run() throws {
        do {
            var request = try URLOpener.Request(url)
            for header in headers {
                let parts = header.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                try request.addField(String(parts[0]), String(parts[1].drop { $0 == " " }))
            }
            let jar = CookieJar()
            try loadCookies(jar)
            // A response that is an error brings cookies, too.
            let result = Result { try opener(jar).openBlocking(request, timeout: timeout?.duration) }
            if let cookieJar { try jar.save(to: cookieJar, includingSession: true) }
            try save(result.get())
        } catch let error as OpenError {
            Terminal.complain("\(error)")
            throw error.code == .httpStatus ? ExitCode.httpStatus : ExitCode.failed
        } catch let error where error is CookieFileError || error is FileFailure {
            Terminal.complain("\(error)")
            throw ExitCode.failed
        }
    }

    /// Reads the cookies of a file that is there: the first run makes it.
    private func loadCookies(_ jar: CookieJar) throws {
        guard let cookieJar else { return }
        do throws(CookieFileError) {
            try jar.load(cookieJar)
        } catch {
            guard error.systemCode == ENOENT else { throw error }
        }
    }

    /// An opener with a handler for each of the options.
    private func opener(_ jar: CookieJar) throws -> URLOpener {
        let passwords = PasswordManager()
        if let user, let passwordFile {
            passwords.add(
                realm: realm, uri: url, user: user, password: try PasswordFile.firstLine(of: passwordFile))
        }
        let route = try proxy.map { ProxyPolicy.fixed(try Proxy($0)) } ?? .none
        let digest = DigestAuthHandler(passwords)
        let basic = BasicAuthHandler(passwords)
        guard cookieJar != nil else { return URLOpener(digest, basic, ProxyHandler(route)) }
        return URLOpener(digest, basic, ProxyHandler(route), CookieHandler(jar))
    }

    private func save(_ response: URLOpener.BlockingResponse) throws {
        let file = try OutputFile(output)
        var progress = Progress(isShown: output != nil && Terminal.hasTerminal)
        var left = first ?? .max
        while left > 0 {
            let bytes = try response.body.read(atMost: min(left, 65_536))
            if bytes.isEmpty { break }
            try file.write(bytes)
            left -= bytes.count
            progress.add(bytes.count)
        }
        progress.end()
        try file.commit()
    }
}
