import Glibc
import Minato

/// One run of `minato get`.
final class Fetch {
    private let command: GetCommand
    private let jar = CookieJar()
    /// What there is to say of the response so far.
    private(set) var report: GetReport
    private var progress: Progress
    private var hasSavedCookies = false
    private var cookieFailure: CookieFileError?

    init(_ command: GetCommand) {
        self.command = command
        report = GetReport(file: command.output)
        progress = Progress(isWanted: command.progress, isShown: command.output != nil)
    }

    /// - Throws: `OpenError`, `CookieFileError` or `FileFailure`.
    func run() throws {
        var request = try URLOpener.Request(command.url)
        report.url = request.url
        for header in command.headers {
            let parts = header.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            try request.addField(String(parts[0]), String(parts[1].drop { $0 == " " }))
        }
        try loadCookies()
        let opener = try opener()
        defer { progress.end() }
        // A response that is an error brings cookies, too.
        let result = Result {
            if let output = command.output, command.first == nil {
                try retrieve(request, by: opener, to: output)
            } else {
                try read(request, by: opener)
            }
        }
        saveCookies()
        try result.get()
        if let cookieFailure { throw cookieFailure }
    }

    /// All of it, to a file.
    private func retrieve(_ request: URLOpener.Request, by opener: URLOpener, to output: String) throws {
        try opener.retrieveBlocking(
            request, to: output, resume: command.resume, timeout: command.timeout?.duration
        ) { now in
            self.note(now.head, now.url, now.byteCount, of: now.totalCount, resumedAt: now.resumedAt)
        }
    }

    /// All of it or the beginning, to wherever.
    private func read(_ request: URLOpener.Request, by opener: URLOpener) throws {
        let response = try opener.openBlocking(request, timeout: command.timeout?.duration)
        var (count, left) = (0, command.first ?? .max)
        let total = response.head.isDecoded ? nil : response.field("Content-Length").flatMap { Int($0) }
        let wanted = total.map { min($0, left) }
        note(response.head, response.url, count, of: wanted)
        let file = command.json && command.output == nil ? nil : try OutputFile(command.output)
        while left > 0, case let bytes = try response.body.read(atMost: min(left, 65_536)), !bytes.isEmpty {
            try file?.write(bytes)
            (count, left) = (count + bytes.count, left - bytes.count)
            note(response.head, response.url, count, of: wanted)
        }
        try file?.commit()
    }

    private func note(
        _ head: URLOpener.ResponseHead, _ url: String, _ count: Int, of total: Int?, resumedAt: Int = 0
    ) {
        // They are not to be lost when the program is ended in the middle of the body.
        saveCookies()
        report.note(head, url, byteCount: count, resumedAt: resumedAt)
        progress.set(count, of: total, resumedAt: resumedAt)
    }

    /// Reads the cookies of a file that is there: the first run makes it.
    private func loadCookies() throws(CookieFileError) {
        guard let path = command.cookieJar else { return }
        do throws(CookieFileError) {
            try jar.load(path)
        } catch {
            guard error.systemCode == ENOENT else { throw error }
        }
    }

    /// Once; a failure ends the run, but not before the body is there.
    private func saveCookies() {
        guard let path = command.cookieJar, !hasSavedCookies else { return }
        hasSavedCookies = true
        do throws(CookieFileError) {
            try jar.save(to: path, includingSession: true)
        } catch {
            cookieFailure = error
        }
    }

    /// An opener with a handler for each of the options.
    private func opener() throws -> URLOpener {
        let passwords = PasswordManager()
        if let user = command.user, let passwordFile = command.passwordFile {
            passwords.add(
                realm: command.realm, uri: command.url, user: user,
                password: try PasswordFile.firstLine(of: passwordFile))
        }
        let route = try command.proxy.map { ProxyPolicy.fixed(try Proxy($0)) } ?? .environment
        let (digest, basic) = (DigestAuthHandler(passwords), BasicAuthHandler(passwords))
        guard command.cookieJar != nil else { return URLOpener(digest, basic, ProxyHandler(route)) }
        return URLOpener(digest, basic, ProxyHandler(route), CookieHandler(jar))
    }
}
