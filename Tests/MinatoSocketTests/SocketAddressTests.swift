import Glibc
import MinatoSocket
import TestSupport
import Testing

@Suite("Socket addresses", .watchdog)
struct SocketAddressTests {
    @Test(
        "What the text of an address says can be read back",
        arguments: [
            "127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80", "[fe80::1%1]:9", "[::ffff:1.2.3.4]:5",
            "unix:/run/x.sock", "unix:@name", "unix:", "unix:@a\\x00b", "unix:\\x40path", "unix:/with\\x5cbackslash",
        ])
    func text(_ text: String) throws {
        let address = try SocketAddress(parsing: text)
        #expect(address.description == text)
        #expect(try SocketAddress(parsing: address.description) == address)
    }

    @Test(
        "Bad texts and ports are refused before any system call",
        arguments: [
            ("127.0.0.1:65536", EINVAL), ("127.0.0.1:-1", EINVAL), ("127.0.0.1:+1", EINVAL), ("127.0.0.1: 1", EINVAL),
            ("127.0.0.1", EINVAL), ("127.0.0.1:", EINVAL), ("127.1:80", EINVAL), ("0177.0.0.1:80", EINVAL),
            ("localhost:80", EINVAL), ("::1:80", EINVAL), ("[::1]", EINVAL), ("[::1%nosuchif]:1", ENODEV),
            ("", EINVAL), ("127.0.0.1:80\0", EINVAL), ("unix:@", EINVAL),
            ("unix:/" + String(repeating: "x", count: 107), ENAMETOOLONG),
        ])
    func badText(_ text: String, code: Int32) {
        let error = #expect(throws: SocketError.self) { try SocketAddress(parsing: text) }
        #expect(error?.code == .init(code))
    }

    @Test("Every field can be read")
    func fields() throws {
        let v4 = SocketAddress(ipv4: 192, 0, 2, 7, port: 81)
        #expect(v4.family == .ipv4)
        #expect(v4.port == 81)
        #expect(v4.octets == [192, 0, 2, 7])
        #expect(v4.host == "192.0.2.7")
        #expect(v4.unixPath == nil && v4.unixName == nil && !v4.isWildcard && v4.mappedIPv4 == nil)
        #expect(v4.withPort(9).port == 9)

        let octets: [UInt8] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        let v6 = try SocketAddress(ipv6: octets, port: 82, scopeID: 3, flowInfo: 0x12345)
        #expect(v6.family == .ipv6)
        #expect(v6.octets == octets)
        #expect(v6.scopeID == 3)
        #expect(v6.flowInfo == 0x12345)
        #expect(v6.host == "fe80::1%3")

        let mapped = try SocketAddress(parsing: "[::ffff:10.0.0.1]:83")
        #expect(mapped.mappedIPv4 == SocketAddress(ipv4: 10, 0, 0, 1, port: 83))

        let path = try SocketAddress(unixPath: "/run/ü.sock")
        #expect(path.unixPath == "/run/ü.sock")
        #expect(path.abstractName == nil && path.port == nil && path.host == nil && path.octets == nil)

        let abstract = try SocketAddress(abstractName: [0, 1, 0])
        #expect(abstract.unixName == [0, 1, 0])
        #expect(abstract.unixPath == nil)
        #expect(try SocketAddress(abstractName: "n").abstractName == "n")
        #expect(SocketAddress.unixUnnamed.isUnnamed)
        #expect(SocketAddress().family == .unspecified)
        #expect(SocketAddress(ipv4: 0, 0, 0, 0, port: 1).isWildcard)
        #expect(Socket.Family.ipv6.description == "AF_INET6")
    }

    @Test("A Unix path takes 107 bytes and not one more, an abstract name likewise, and no NUL is cut off")
    func unixLimits() throws {
        let longest = "/" + String(repeating: "x", count: 106)
        #expect(try SocketAddress(unixPath: longest).unixPath == longest)
        #expect(throws: SocketError.self) { try SocketAddress(unixPath: longest + "y") }
        #expect(throws: SocketError.self) { try SocketAddress(unixPath: "/a\0b") }
        #expect(throws: SocketError.self) { try SocketAddress(unixPath: "") }
        #expect(try SocketAddress(abstractName: [UInt8](repeating: 1, count: 107)).unixName?.count == 107)
        let error = #expect(throws: SocketError.self) {
            try SocketAddress(abstractName: [UInt8](repeating: 1, count: 108))
        }
        #expect(error?.code == .nameTooLong)
    }

    @Test("Addresses compare and hash by value")
    func comparing() throws {
        let one = SocketAddress(ipv4: 1, 2, 3, 4, port: 5)
        let same = try SocketAddress(rawBytes: one.rawBytes)
        #expect(one == same)
        #expect(one.hashValue == same.hashValue)
        #expect(one != one.withPort(6))
        #expect(one < one.withPort(6))
        #expect(try SocketAddress(unixPath: "/a") != SocketAddress(abstractName: "/a"))
        #expect(throws: SocketError.self) { try SocketAddress(rawBytes: [2]) }
        #expect(throws: SocketError.self) { try SocketAddress(rawBytes: [2, 0, 0, 0]) }
        #expect(throws: SocketError.self) { try SocketAddress(ipv6: [1], port: 1) }
        #expect(try SocketAddress(host: "::1", port: 7).description == "[::1]:7")
        #expect(throws: SocketError.self) { try SocketAddress(host: "::1", port: 65_536) }
    }
}

@Suite("Endpoints", .watchdog)
struct EndpointTests {
    @Test(
        "An endpoint is read from the text that it prints",
        arguments: [
            "tcp://localhost:9999", "udp://[::1]:53", "unix:/run/x.sock", "unixgram:@name", "tcp://:0", "unix:rel",
        ])
    func text(_ text: String) throws {
        #expect(try Endpoint(parsing: text).description == text)
    }

    @Test("HOST:PORT is TCP")
    func short() throws {
        #expect(try Endpoint(parsing: "localhost:80") == .tcp("localhost", 80))
        #expect(try Endpoint(parsing: "[::1]:80") == .tcp("::1", 80))
        #expect(Endpoint.address(SocketAddress(ipv4: 1, 2, 3, 4, port: 5)).description == "tcp://1.2.3.4:5")
        #expect(Endpoint.unix("@x").description == "unix:./@x")
    }

    @Test(
        "What is no endpoint is refused",
        arguments: [
            "", "localhost", "localhost:", "localhost:http", "localhost:65536", "localhost:-1", "localhost:+1",
            "::1:80", "[localhost]:80", "[::1:80", "a b:80", "unix:", "unix:@", "http://h:80", "h:8\u{0}0",
        ])
    func bad(_ text: String) {
        let error = #expect(throws: SocketError.self) { try Endpoint(parsing: text) }
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        "An accent behind a mark is no part of the mark",
        arguments: ["tcp://\u{30D}h:2", "unix:\u{301}x", "unixgram:@\u{301}", "udp://h\u{301}:53"])
    func accents(_ text: String) throws {
        #expect(try Endpoint(parsing: text).description.unicodeScalars.elementsEqual(text.unicodeScalars))
    }
}
