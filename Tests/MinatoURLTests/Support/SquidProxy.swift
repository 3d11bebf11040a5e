import Glibc
import MinatoSocket
import TestSupport

@testable import MinatoURL

/// squid, a proxy of others', on a port of its own; it wants a user name and password, by Digest or by Basic.
final class SquidProxy {
    private static let helpers = "/usr/lib/squid"

    /// Whether it is there.
    static var isInstalled: Bool { unsafe access(helpers + "/digest_file_auth", X_OK) == 0 }

    let address: String
    private let directory: TemporaryDirectory
    private let process: ChildProcess
    private let service: String

    struct StartError: Error {
        let log: String
    }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - users: Names and passwords.
    ///   - realm: The realm of both schemes.
    ///   - usesOfNonce: How often a nonce may be used.
    ///   - certificate: The files of its certificate and key, without `.pem` and `.key`; with it, it speaks TLS.
    init(_ users: [(String, String)], realm: String, usesOfNonce: Int, certificate: String? = nil) throws {
        directory = try TemporaryDirectory()
        let hashes = users.map { "\($0):\(realm):\(MD5.hexadecimal("\($0):\(realm):\($1)"))\n" }
        _ = try directory.write("digest", Array(hashes.joined().utf8))
        let crypts = try users.map { "\($0):\(try ChildProcess(["openssl", "passwd", "-apr1", $1]).readToEnd())" }
        _ = try directory.write("basic", Array(crypts.joined().utf8))
        // squid reads these as the user that it becomes.
        for name in ["", "digest", "basic"] { _ = unsafe chmod(directory.file(name), 0o755) }
        let held = try HeldPort()
        address = "\(held.address)"
        let tls = certificate.map { " tls-cert=\($0).pem tls-key=\($0).key" } ?? ""
        let configuration = """
            \(tls.isEmpty ? "http" : "https")_port \(address)\(tls)
            pid_filename none
            cache_log /dev/null
            access_log none
            cache deny all
            auth_param digest program \(Self.helpers)/digest_file_auth -c \(directory.file("digest"))
            auth_param digest realm \(realm)
            auth_param digest children 1
            auth_param digest nonce_max_count \(usesOfNonce)
            auth_param digest nonce_strictness on
            auth_param basic program \(Self.helpers)/basic_ncsa_auth \(directory.file("basic"))
            auth_param basic realm \(realm)
            auth_param basic children 1
            acl known proxy_auth REQUIRED
            http_access allow known
            http_access deny all

            """
        let file = try directory.write("squid.conf", Array(configuration.utf8))
        // The name is that of its shared memory too, which has to be its own.
        service = "minato" + directory.path.filter { $0.isLetter || $0.isNumber }
        process = try ChildProcess(
            ["sh", "-c", "exec squid -N -d 1 -n \(service) -f \(file) 2>&1"],
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        var log = ""
        while !log.contains("Accepting HTTP\(tls.isEmpty ? "" : "S") Socket connections") {
            guard let line = process.readLine() else { throw StartError(log: log) }
            log += line + "\n"
        }
        // It says that it accepts a moment before it listens.
        try held.waitUntilItListens()
    }

    deinit {
        // An orderly end takes it two seconds. Without one, its shared memory stays.
        _ = process.end()
        for part in ["readers", "queues", "metadata"] { _ = unsafe unlink("/dev/shm/\(service)-cf__\(part).shm") }
    }
}

/// Carries requests to a proxy and responses back, a connection for each.
struct ProxyTransport: Transport {
    /// Whether it passes on what the proxy says of the next nonce.
    var namesNextNonce = true

    func perform(_ request: URLOpener.Request, _ limits: HopLimits) async throws(OpenError) -> Hop {
        try performBlocking(request, limits)
    }

    func performBlocking(_ request: URLOpener.Request, _ limits: HopLimits) throws(OpenError) -> Hop {
        guard let proxy = request.proxy else { throw OpenError(.badRequest, url: request.url, detail: "no proxy") }
        do {
            var socket = try Socket.connect(to: .tcp(proxy.host, proxy.port), timeout: .seconds(20))
            try socket.setTimeout(.seconds(20))
            try socket.sendAll(Self.head(request))
            var bytes: [UInt8] = []
            var end: Int?
            // A tunnel stays open: the head is all there is.
            while end == nil || !request.isTunnelled {
                let more = try socket.receive(atMost: 65_536)
                if more.isEmpty { break }
                bytes += more
                end = end ?? bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
            }
            var parser = ResponseHeadParser()
            for line in bytes[..<(end ?? 0)].split(separator: 10, omittingEmptySubsequences: false).dropLast() {
                if !namesNextNonce && line.starts(with: "Proxy-Authentication-Info:".utf8) { continue }
                try parser.take((Array(line) + [10]).span)
            }
            guard let head = parser.head, let end else { throw SquidProxy.StartError(log: "no head") }
            let pipe = BodyPipe(url: request.url)
            pipe.publish(head)
            if end < bytes.count { pipe.offer(Array(bytes[end...])) }
            pipe.finish(.complete)
            return Hop(head: head, pipe: pipe, driver: nil)
        } catch {
            throw OpenError(.transport, url: request.url, detail: "\(error)")
        }
    }

    private static func head(_ request: URLOpener.Request) -> String {
        let side = AuthenticationSide.proxy
        let origin = request.location.origin
        var lines = [
            "\(side.method(of: request)) \(side.target(of: request)) HTTP/1.1", "Host: \(origin.host):\(origin.port)",
        ]
        lines += request.fields.filter { !request.isTunnelled || $0.isNamed("Proxy-Authorization") }
            .map { "\($0.name): \($0.value)" }
        if !request.isTunnelled { lines.append("Connection: close") }
        return lines.joined(separator: "\r\n") + "\r\n\r\n"
    }
}
