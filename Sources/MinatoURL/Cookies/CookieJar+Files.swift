extension CookieJar {
    /// Adds the cookies of a file in Netscape's format (`cookies.txt`), as curl, wget, Python and browsers' exporters write it.
    ///
    /// A cookie of the file replaces an equal one of the jar. What has expired is passed over; an end more than 400 days ahead
    /// comes to 400 days. SameSite is not in such a file. A domain that strangers share is loaded but never sent below itself.
    /// Reads the whole file, at most 32 MiB, and blocks on it.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - skippingMalformed: Whether lines that are no cookie are passed over. By default one is an error, and nothing of the
    ///     file is added.
    /// - Throws: ``CookieFileError``; the jar is unchanged then. An empty file is no error, nor one without the first line
    ///   that Python asks for.
    ///
    /// May be called from any thread. Python: `MozillaCookieJar.load`. curl: `-b`.
    public func load(_ path: String, skippingMalformed: Bool = false) throws(CookieFileError) {
        let bytes: [UInt8]
        do throws(SecretFile.Failure) {
            bytes = try SecretFile(path).read()
        } catch {
            throw CookieFileError(.load, error, path: path)
        }
        let loaded: [Cookie]
        do throws(NetscapeCookies.Problem) {
            loaded = try NetscapeCookies.parse(bytes, isStrict: !skippingMalformed)
        } catch {
            throw CookieFileError(.load, .malformedLine, path: path, line: error.line, detail: error.detail)
        }
        withStore { store, now in
            // One that has expired would remove the equal one of the jar.
            for cookie in loaded where cookie.expires.map({ $0 > now }) ?? true {
                store.insert(cookie.living(from: now), at: now)
            }
        }
    }

    /// Writes the cookies to a file in Netscape's format, in place of what is there.
    ///
    /// The file is written under another name in the same directory, with mode 0600, and then renamed: nobody sees a part of
    /// it, and after a failure the old one is there as it was. A symbolic link at the path is replaced, not followed; but what is
    /// no file (a pipe, a device such as /dev/null), or a link to that, is written to as it is. SameSite, and cookies with a tab
    /// in them, have no place in the format. Blocks until the disk has it (fsync(2)), or the reader of a pipe.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - includingSession: Whether cookies without an end are written, too, with a 0 for it as curl does. By default not:
    ///     they are for this session. (Python takes a 0 for the year 1970, unless it is told `ignore_expires`.)
    /// - Throws: ``CookieFileError`` with `system`.
    ///
    /// May be called from any thread. Python: `MozillaCookieJar.save`. curl: `-c`.
    public func save(to path: String, includingSession: Bool = false) throws(CookieFileError) {
        let kept = cookies.filter { includingSession || $0.expires != nil }
        do throws(SecretFile.Failure) {
            try SecretFile(path).replace(with: Array(NetscapeCookies.format(kept).utf8))
        } catch {
            throw CookieFileError(.save, error, path: path)
        }
    }
}

extension CookieFileError {
    fileprivate init(_ operation: Operation, _ failure: SecretFile.Failure, path: String) {
        switch failure {
        case .system(let number): self.init(operation, .system, path: path, systemCode: number)
        case .tooLarge: self.init(operation, .tooLarge, path: path, detail: "more than 32 MiB")
        }
    }
}

extension Cookie {
    /// The same with an end not later than the longest life allows.
    fileprivate func living(from now: WallTime) -> Cookie {
        Cookie(
            name: name, value: value, domain: domain, isHostOnly: isHostOnly, path: path, isSecure: isSecure,
            isHTTPOnly: isHTTPOnly, sameSite: sameSite,
            expires: expires.map { min($0, now.advanced(by: CookieStore.maximumAge)) })
    }
}
