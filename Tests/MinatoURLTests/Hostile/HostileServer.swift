import TestSupport

/// Serves the rows: `/row/cut` is a row of the table, sent in two pieces where cut is more than 0; anything else is well.
final class HostileServer: Sendable {
    let raw: RawServer
    /// How many connections the client has ended.
    let ended: Gate
    /// How many first pieces were followed by the second without being read alone.
    let untaken: Outcome.Counter

    init() throws {
        let (ended, untaken) = (Gate(), Outcome.Counter())
        (self.ended, self.untaken) = (ended, untaken)
        raw = try RawServer { connection in
            while let request = connection.readRequest() {
                guard let (row, cut) = Self.row(request) else {
                    connection.send(okay("well"))
                    continue
                }
                let bytes = row.bytes(from: request)
                if cut > 0 {
                    connection.send(bytes[..<cut])
                    if !connection.waitUntilRead() { untaken.add(1) }
                }
                connection.send(bytes[cut...])
                switch row.ending {
                case .nobody: continue
                case .server: return
                case .reset:
                    if !connection.waitUntilRead() { untaken.add(1) }
                    return connection.reset()
                case .client:
                    // Nothing may come: it would be another request on this connection.
                    guard connection.readByte() != nil else { return ended.open() }
                    connection.send("HTTP/1.1 599 Used again\r\nContent-Length: 0\r\n\r\n")
                }
            }
        }
    }

    private static func row(_ request: String) -> (HostileRow, cut: Int)? {
        let parts = request.dropFirst(5).prefix { $0 != " " && $0 != "?" }.split(separator: "/").map { Int($0) }
        guard parts.count >= 2, let row = parts[0], let cut = parts[1] else { return nil }
        return (HostileRow.all[row], cut)
    }
}
