extension URLOpener.Body {
    /// Writes the rest of the body to a file.
    ///
    /// The file has its name when it is complete: until then, and when the body breaks off or the task is cancelled, whatever
    /// is at the path stays as it is. What is there and no regular file (a pipe, a device) is written to as the bytes come. A
    /// symbolic link stays, and so it is with the file behind it, which need not be there yet.
    ///
    /// Receiving suspends the task, and writing blocks its thread, for 64 KiB at a time.
    ///
    /// - Parameters:
    ///   - path: Where. The mode of a new file is 0666 less the process's umask.
    ///   - limit: The most to accept, in bytes. Default: no limit but the disk's.
    /// - Returns: How many bytes were written.
    /// - Throws: As ``read(_:)``; `limitExceeded` when there is more; `fileFailed` when the file cannot be written, with the
    ///   errno value.
    ///
    /// May be called from any task. Python: `urllib.request.urlretrieve`, `shutil.copyfileobj`.
    @discardableResult
    public func write(to path: String, upTo limit: Int = .max) async throws(OpenError) -> Int {
        let saving = try BodySaving(path, limit: limit, pipe, expectedCount)
        while case let bytes = try await read(atMost: 65_536), !bytes.isEmpty { try saving.take(bytes.span) }
        return try saving.finish()
    }
}

extension URLOpener.BlockingBody {
    /// Writes the rest of the body to a file.
    ///
    /// The file has its name when it is complete: until then, and when the body breaks off, whatever is at the path stays as
    /// it is. What is there and no regular file (a pipe, a device) is written to as the bytes come. A symbolic link stays, and
    /// so it is with the file behind it, which need not be there yet.
    ///
    /// - Parameters:
    ///   - path: Where. The mode of a new file is 0666 less the process's umask.
    ///   - limit: The most to accept, in bytes. Default: no limit but the disk's.
    /// - Returns: How many bytes were written.
    /// - Throws: As ``read(_:)``; `limitExceeded` when there is more; `fileFailed` when the file cannot be written, with the
    ///   errno value.
    ///
    /// Blocks the thread on network and disk. Python: `urllib.request.urlretrieve`, `shutil.copyfileobj`.
    @discardableResult
    public func write(to path: String, upTo limit: Int = .max) throws(OpenError) -> Int {
        let saving = try BodySaving(path, limit: limit, pipe, expectedCount)
        if let failure = try feed(saving.take) as? OpenError { throw failure }
        return try saving.finish()
    }
}

/// What both faces do with the bytes.
private final class BodySaving {
    private let file: SavedFile
    private let limit: Int
    private let url: String
    private var count = 0

    init(_ path: String, limit: Int, _ pipe: BodyPipe, _ expectedCount: Int?) throws(OpenError) {
        (self.limit, url) = (limit, pipe.url)
        guard limit >= 0 else { throw OpenError(.badRequest, .save, url: url, detail: "a negative limit") }
        // Before a file is there, when the length is known.
        if let expectedCount, expectedCount - pipe.taken > limit { throw Self.tooLong(limit, url) }
        do throws(SavedFile.Failure) { file = try SavedFile(path) } catch { throw error.error(url: url) }
    }

    func take(_ bytes: Span<UInt8>) throws(OpenError) {
        count += bytes.count
        guard count <= limit else { throw Self.tooLong(limit, url) }
        do throws(SavedFile.Failure) { try file.write(bytes) } catch { throw error.error(url: url) }
    }

    func finish() throws(OpenError) -> Int {
        do throws(SavedFile.Failure) { try file.commit() } catch { throw error.error(url: url) }
        return count
    }

    private static func tooLong(_ limit: Int, _ url: String) -> OpenError {
        OpenError(.limitExceeded, .save, url: url, detail: "the body is longer than \(limit) bytes")
    }
}
