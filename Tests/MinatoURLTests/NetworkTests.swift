import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// From where to where an opener connects.
@Suite(.watchdog) struct NetworkTests {
    private func opener(_ change: (inout URLOpener.Network) throws -> Void) rethrows -> URLOpener {
        var configuration = URLOpener.Configuration()
        try change(&configuration.network)
        return URLOpener(configuration: configuration)
    }

    /// The URL of the page, at a server that is not there: only the connection leads elsewhere.
    @Test(arguments: Face.allCases)
    func routesLeadElsewhere(_ face: Face) async throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        let other = try RawServer { $0.answerAll { _ in okay("other") } }
        let opener = opener {
            $0.route("MAHLER", 8092, to: .tcp("127.0.0.1", server.port))
            $0.route("[::9]", 80, to: .address(SocketAddress(ipv4: 127, 0, 0, 1, port: UInt16(server.port))))
            $0.route("mahler", 80, to: .tcp("localhost", other.port))
        }
        for url in ["http://mahler:8092/site-updates.py", "http://[::9]/x"] {
            let response = try await face.open(opener, url)
            #expect(try await response.body.collect(upTo: 9) == Array("abc".utf8))
            #expect(response.url == url)
        }
        let response = try await face.open(opener, "http://mahler/")
        #expect(try await response.body.collect(upTo: 9) == Array("other".utf8))
        #expect(server.requests.map { $0.contains("\r\nHost: mahler:8092\r\n") } == [true, false])
        #expect(server.peers.count == 2 && other.peers.count == 1)
    }

    @Test(arguments: Face.allCases, [false, true])
    func unixSockets(_ face: Face, _ isAbstract: Bool) async throws {
        let directory = try TemporaryDirectory()
        let name = isAbstract ? "minato-\(UInt64.random(in: 0 ... .max))" : directory.file("socket")
        let endpoint: Endpoint = isAbstract ? .abstract(name) : .unix(name)
        let server = SharedSocket(try Socket.listen(on: endpoint))
        let serving = try Background {
            // A connection to an abstract socket serves one request.
            for _ in 0..<(isAbstract ? 2 : 1) {
                let accepted = try server.socket.accept()
                var file = BufferedSocket(accepted.socket)
                while let line = try file.readLine(limit: 8192) {
                    guard line == [13, 10] else { continue }
                    try file.write(okay("abc"))
                    try file.flush()
                }
            }
        }
        do {
            let opener = opener { $0.route("docker", 80, to: endpoint) }
            for _ in 0..<2 {
                let response = try await face.open(opener, "http://docker/info")
                #expect(try await response.body.collect(upTo: 9) == Array("abc".utf8))
            }
        }
        try await serving.value
    }

    /// A Unix socket has no version of IP: libcurl 7.88 looks for an address of the version asked for, and found none.
    @Test(arguments: Face.allCases, [URLOpener.Network.IPVersion.v4, .v6])
    func unixSocketsWithAVersionOfIP(_ face: Face, _ version: URLOpener.Network.IPVersion) async throws {
        let directory = try TemporaryDirectory()
        let endpoints: [Endpoint] = [
            .unix(directory.file("path")), .address(try SocketAddress(unixPath: directory.file("address"))),
            .abstract("minato-\(UInt64.random(in: 0 ... .max))"),
        ]
        for endpoint in endpoints {
            var socket = try Socket.listen(on: endpoint)
            try socket.setTimeout(.seconds(40))
            let listener = SharedSocket(socket)
            let serving = try Background {
                let accepted = try listener.socket.accept()
                var file = BufferedSocket(accepted.socket)
                while let line = try file.readLine(limit: 8192), line != [13, 10] {}
                try file.write(okay("abc"))
                try file.flush()
            }
            let opener = opener {
                $0.route("docker", 80, to: endpoint)
                $0.ipVersion = version
            }
            #expect(try await face.open(opener, "http://docker/info").status == 200, "\(endpoint)")
            try await serving.value
        }
    }

    /// Names of Unix sockets that cannot be, and routes that lead nowhere.
    @Test(arguments: Face.allCases)
    func routesThatLeadNowhere(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let rows: [(Endpoint, OpenError.Code, String)] = [
            (.unix(String(repeating: "x", count: 200)), .connectionFailed, "ENAMETOOLONG"),
            (.unix("a\0b"), .connectionFailed, "EINVAL"), (.unix(directory.file("none")), .connectionFailed, "connect"),
            (.address(.unixUnnamed), .badRequest, "not one that libcurl can take"),
            (.udp("127.0.0.1", 9), .badRequest, "not one for streams"), (.tcp("", 9), .badRequest, "an empty name"),
        ]
        for (endpoint, code, detail) in rows {
            let opener = opener { $0.route("h", 80, to: endpoint) }
            let error = await #expect(throws: OpenError.self) { try await face.open(opener, "http://h/") }
            #expect(error?.code == code && error?.detail.contains(detail) == true, "\(error as Any)")
        }
    }

    @Test(arguments: Face.allCases)
    func connectsFromAnAddress(_ face: Face) async throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        let from = opener { $0.source = .address("127.0.0.77") }
        let response = try await face.open(from, server.url())
        #expect(response.head.head.connection.localAddress?.host == "127.0.0.77")
        let through = opener { $0.source = .interface("lo") }
        #expect(try await face.open(through, server.url()).status == 200)
        let foreign = opener { $0.source = .address("192.0.2.1") }
        let error = await #expect(throws: OpenError.self) { try await face.open(foreign, server.url()) }
        #expect(error?.code == .sourceUnavailable && error?.operation == .connect, "\(error as Any)")
    }

    /// The version of IP holds for names and for addresses in URLs.
    @Test(arguments: Face.allCases)
    func versionsOfIP(_ face: Face) async throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        #expect(try await face.open(opener { $0.ipVersion = .v4 }, "http://localhost:\(server.port)/").status == 200)
        #expect(try await face.open(opener { $0.ipVersion = .v4 }, server.url()).status == 200)
        let error = await #expect(throws: OpenError.self) {
            try await face.open(opener { $0.ipVersion = .v6 }, server.url())
        }
        #expect(
            error?.description
                == "connect \(server.url()): 127.0.0.1:\(server.port) must not be connected to (addressRefused)")
        let other = await #expect(throws: OpenError.self) {
            try await face.open(opener { $0.ipVersion = .v4 }, "http://[::1]:\(server.port)/")
        }
        #expect(other?.code == .addressRefused)
    }

    /// The policy sees what is connected to: a name, a redirect and a route do not get around it.
    @Test(arguments: Face.allCases)
    func thePolicySeesEveryAddress(_ face: Face) async throws {
        let inner = try RawServer { $0.answerAll { _ in okay("secret") } }
        let outer = try RawServer { connection in
            connection.answerAll { _ in "HTTP/1.1 302 Found\r\nLocation: \(inner.url())\r\nContent-Length: 0\r\n\r\n" }
        }
        let asked = Outcome.Kept<SocketAddress>()
        let custom = opener { network in
            network.addressPolicy = .custom { address in
                asked.append(address)
                return address.port == outer.port
            }
        }
        let error = await #expect(throws: OpenError.self) { try await face.open(custom, outer.url()) }
        #expect(error?.code == .addressRefused && error?.url == inner.url())
        #expect(asked.values.map(\.port) == [outer.port, inner.port] && inner.peers.isEmpty)

        let directory = try TemporaryDirectory()
        let strict = opener {
            $0.addressPolicy = .publicOnly
            $0.route("unix", 80, to: .unix(directory.file("socket")))
            $0.route("public.example", 80, to: .tcp("127.0.0.1", inner.port))
        }
        for url in [
            inner.url(), "http://localhost:\(inner.port)/", "http://0.0.0.0:\(inner.port)/",
            "http://2130706433:\(inner.port)/",
            "http://[::ffff:127.0.0.1]:\(inner.port)/", "http://[::1]:\(inner.port)/", "http://public.example/",
            "http://unix/",
        ] {
            let error = await #expect(throws: OpenError.self) { try await face.open(strict, url) }
            #expect(error?.code == .addressRefused, "\(error as Any)")
        }
        #expect(inner.peers.isEmpty)
    }

    @Test(arguments: [
        ("8.8.8.8", true), ("1.1.1.1", true), ("172.15.0.1", true), ("172.32.0.1", true), ("100.63.0.1", true),
        ("100.128.0.1", true), ("198.17.0.1", true), ("198.20.0.1", true), ("223.255.255.255", true),
        ("11.0.0.1", true),
        ("2606:4700:4700::1111", true), ("2001:4860:4860::8888", true), ("2003::1", true), ("2a00::1", true),
        ("2001:200::1", true), ("127.0.0.1", false), ("127.255.255.255", false), ("0.0.0.0", false), ("0.1.2.3", false),
        ("10.0.0.1", false), ("172.16.0.1", false), ("172.31.255.255", false), ("192.168.1.1", false),
        ("169.254.169.254", false), ("100.64.0.1", false), ("100.127.0.1", false), ("192.0.0.1", false),
        ("192.0.2.1", false), ("192.88.99.1", false), ("198.18.0.1", false), ("198.19.255.255", false),
        ("198.51.100.1", false), ("203.0.113.1", false), ("224.0.0.1", false), ("239.255.255.255", false),
        ("240.0.0.1", false), ("255.255.255.255", false), ("::", false), ("::1", false), ("::ffff:8.8.8.8", false),
        ("::ffff:127.0.0.1", false), ("::8.8.8.8", false), ("64:ff9b::8.8.8.8", false), ("64:ff9b:1::1", false),
        ("2002:7f00:1::", false), ("2002:808:808::", false), ("2001::1", false), ("2001:2::1", false),
        ("2001:db8::1", false), ("3fff::1", false), ("fc00::1", false), ("fd00::1", false), ("fe80::1", false),
        ("fec0::1", false), ("ff02::1", false), ("100::1", false), ("5f00::1", false), ("4000::1", false),
    ])
    func publicOnlyIsPublic(_ host: String, _ isPublic: Bool) throws {
        #expect(AddressPolicy.publicOnly.allows(try SocketAddress(host: host, port: 80)) == isPublic)
        #expect(AddressPolicy.any.allows(try SocketAddress(host: host, port: 80)))
    }
}
