internal import CMinato
internal import Glibc

/// One question to the C library's resolver.
struct ResolverQuery: Sendable {
    var host: String?
    var service: String?
    var family: Socket.Family
    var kind: Socket.Kind
    var protocolNumber: Int32
    var flags: Resolver.Flags

    /// What errors call it.
    var subject: String {
        switch (host, service) {
        case (let host?, let service?): "\(host):\(service)"
        case (let host?, nil): host
        case (nil, let service?): "service \(service)"
        case (nil, nil): "nothing"
        }
    }

    /// The answers, looked up on the caller's thread when there is no deadline or nothing to wait for.
    func answers(until deadline: Deadline) throws(SocketError) -> [Resolver.Answer] {
        if deadline == .none { return try answers() }
        if let answers = try answersAtOnce() { return answers }
        if deadline == .atOnce { throw SocketError(.resolve, .wouldBlock, subject: subject) }
        let query = self
        let work = { @Sendable () throws(SocketError) -> [Resolver.Answer] in try query.answers() }
        guard let answer = try ResolverPool.shared.run(until: deadline, work) else {
            throw SocketError(.resolve, .timedOut, subject: subject)
        }
        return try answer.get()
    }

    /// The answers when there is nothing to look up: a host in numbers, or none. Nil when it is a name.
    func answersAtOnce() throws(SocketError) -> [Resolver.Answer]? {
        if host == nil || flags.contains(.numericHost) { return try answers() }
        var numeric = self
        numeric.flags.insert(.numericHost)
        do throws(SocketError) {
            return try numeric.answers()
        } catch {
            guard error.code == .unknownHost else { throw error }
            return nil
        }
    }

    /// The answers, looked up on this thread, however long it takes.
    func answers() throws(SocketError) -> [Resolver.Answer] {
        var resolution: OpaquePointer?
        var code: Int32 = 0
        let result = unsafe withText(host) { host, hostLength in
            unsafe withText(service) { service, serviceLength in
                unsafe minato_resolve(
                    host, hostLength, service, serviceLength, family.rawValue, kind.rawValue, protocolNumber,
                    flags.rawValue, &resolution, &code)
            }
        }
        guard result >= 0, let resolution = unsafe resolution else {
            throw Resolver.failure(result, code, subject: subject)
        }
        defer { unsafe minato_resolution_free(resolution) }
        return unsafe (0..<minato_resolution_count(resolution)).map { unsafe answer(resolution, $0) }
    }

    private func answer(_ resolution: OpaquePointer, _ index: Int) -> Resolver.Answer {
        var address = SocketAddress()
        var kind: Int32 = 0
        var protocolNumber: Int32 = 0
        unsafe minato_resolution_get(resolution, index, &address.storage, nil, &kind, &protocolNumber)
        let name = index == 0 ? unsafe minato_resolution_canonical_name(resolution) : nil
        return Resolver.Answer(
            address: address, kind: .init(rawValue: kind), protocolNumber: protocolNumber,
            canonicalName: unsafe name.map { unsafe String(cString: $0) })
    }

    /// A text as pointer and length, which carries a NUL to where it is refused; NULL for nil.
    private func withText<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?, Int) -> Result) -> Result {
        guard let text else { return body(nil, 0) }
        return unsafe text.withCString { pointer in unsafe body(pointer, text.utf8.count) }
    }
}
