import TestSupport

@testable import MinatoURL

/// pyftpdlib, a server of others', which shows a directory to anonymous users and to klem, whose password is `kad:idd@`.
final class FTPSite: Sendable {
    private let server: PythonServer

    init(_ directory: TemporaryDirectory) throws {
        server = try PythonServer(
            """
            from pyftpdlib.authorizers import DummyAuthorizer
            from pyftpdlib.handlers import FTPHandler
            from pyftpdlib.servers import FTPServer
            who = DummyAuthorizer()
            who.add_anonymous(sys.argv[1])
            who.add_user('klem', 'kad:idd@', sys.argv[1])
            FTPHandler.authorizer = who
            server = FTPServer(('127.0.0.1', 0), FTPHandler)
            print(server.address[1])
            server.serve_forever()
            """, directory.path, python: PythonPackages.python)
    }

    func url(_ path: String, user: String = "") -> String {
        server.url(path, scheme: "ftp").replacing("://", with: "://" + user)
    }
}

/// A server that speaks just enough FTP for one file, and misbehaves in one way.
final class FaultyFTPServer: Sendable {
    private let server: PythonServer

    /// It prints `stuck` when it keeps a reply or the half of the file back, and `gone` when the client then ends the connection.
    ///
    /// - Parameter fault: A command whose reply is missing (`greeting`, `USER`, `PASV`, `RETR`, `226`, `QUIT`), or what is wrong:
    ///   `flood`, `other host`, `short`, `half`, `junk`.
    init(_ fault: String) throws {
        server = try PythonServer(
            """
            import socket, threading
            fault = sys.argv[1]
            content = b'x' * 1000
            def serve(control):
                def wait():
                    print('stuck')
                    while control.recv(100): pass
                    print('gone')
                def say(name, text):
                    if name == fault: wait()
                    control.sendall(text + b'\\r\\n')
                if fault == 'flood':
                    while True: control.sendall(b'220-' + b'x' * 200 + b'\\r\\n')
                say('greeting', b'530 not now' if fault == 'junk' else b'220 hello')
                data = None
                for line in control.makefile('rb'):
                    command = line.split()[0].decode()
                    if command == 'USER': say(command, b'230 in')
                    elif command == 'PWD': say(command, b'257 "/"')
                    elif command == 'PASV':
                        data = socket.create_server(('127.0.0.1', 0))
                        port = data.getsockname()[1]
                        host = '127,0,0,9' if fault == 'other host' else '127,0,0,1'
                        say(command, ('227 (%s,%d,%d)' % (host, port >> 8, port & 255)).encode())
                    elif command == 'SIZE': say(command, b'213 1000')
                    elif command == 'TYPE': say(command, b'200 fine')
                    elif command == 'RETR':
                        say(command, b'150 here it comes')
                        stream, _ = data.accept()
                        stream.sendall(content[:500] if fault in ('short', 'half') else content)
                        if fault == 'half': wait()
                        stream.close()
                        say('226', b'226 done')
                    elif command == 'QUIT': say(command, b'221 bye')
                    else: say(command, b'502 what?')
            listener = socket.create_server(('127.0.0.1', 0))
            print(listener.getsockname()[1])
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()
            """, fault)
    }

    var url: String { server.url("/file.txt", scheme: "ftp") }

    /// Waits for a line that it prints.
    func line() async throws -> String? {
        let server = server
        return try await Background { server.readLine() }.value
    }
}
