import Minato

// The code of README.md. It is compiled, not run: the hosts do not exist.

private func serving() async throws {
    try await TCPServer(on: .tcp("localhost", 9999)).serve { connection in
        for try await chunk in connection.chunks { try await connection.write(chunk) }
    }
}

private func connecting() async throws {
    try await withConnection(to: .tcp("localhost", 9999), timeout: .seconds(5)) { connection in
        try await connection.write("hello\n")
        let reply = try await connection.read(atMost: 1024, timeout: .seconds(5))  // [] is the end, never an error
        print(String(decoding: reply, as: UTF8.self))
    }
}

private func sockets() throws {
    let socket = try Socket.connect(to: .tcp("localhost", 9999), timeout: .seconds(5))
    try socket.sendAll("hello\n")
    let reply = try socket.receive(atMost: 1024)
    print(String(decoding: reply, as: UTF8.self))
    try socket.close()  // or let its scope end: it is closed either way, and cannot be used afterwards
}

private func servers() throws {
    let server = try TCPServer(on: .tcp("localhost", 9999))
    print("listening on", server.address)
    try server.serveBlocking { connection, client in
        while true {
            let data = try connection.receive(atMost: 1024)
            if data.isEmpty { break }
            try connection.sendAll(data)
        }
    }
}

private func urls(password: String) throws -> [UInt8] {
    let passwords = PasswordManager()
    passwords.add(
        realm: "PDQ Application", uri: "https://mahler:8092/site-updates.py", user: "klem", password: password)
    URLOpener.install(URLOpener(BasicAuthHandler(passwords)))

    let response = try urlopenBlocking("https://mahler:8092/site-updates.py", timeout: .seconds(10))
    print(response.status, response.fields[.contentType] ?? "")
    let head = try response.body.read(300)  // exactly 300 bytes, unless the body ends before
    return head
}
