import TestSupport

@testable import MinatoURL

/// Hypercorn, a server of others' for HTTP/2, with an application that says what came.
///
/// | path | the answer |
/// |---|---|
/// | `/together/N` | the client's port, when N such requests wait |
/// | `/bytes/N` | N bytes |
/// | `/count` | how many bytes the request's body has |
/// | `/again/N` | 503 with `Retry-After: N` at first, then 200 |
final class Hypercorn: Sendable {
    let certificates: TestCertificates
    private let server: PythonServer

    init() throws {
        certificates = try TestCertificates()
        server = try PythonServer(Self.program, try certificates.issue("server"), python: PythonPackages.python)
    }

    func url(_ path: String) -> String { server.url(path, scheme: "https") }

    /// An opener that trusts it.
    func opener(_ change: (inout URLOpener.Configuration) -> Void = { _ in }) -> URLOpener {
        certificates.opener(change)
    }

    private static let program = """
        import asyncio, socket, sys
        from hypercorn.asyncio import serve
        from hypercorn.config import Config
        waiting, asked = [], set()
        async def app(scope, receive, send):
            if scope['type'] != 'http': return
            async def answer(body, status=200, *fields):
                await send({'type': 'http.response.start', 'status': status, 'headers': list(fields)})
                await send({'type': 'http.response.body', 'body': body})
            name, *rest = scope['path'][1:].split('/')
            if name == 'together':
                done = asyncio.Event()
                waiting.append(done)
                if len(waiting) == int(rest[0]):
                    for each in waiting: each.set()
                    waiting.clear()
                await done.wait()
                await answer(str(scope['client'][1]).encode())
            elif name == 'bytes':
                left = int(rest[0])
                await send({'type': 'http.response.start', 'status': 200, 'headers': []})
                while left > 0:
                    count = min(left, 50000)
                    await send({'type': 'http.response.body', 'body': bytes([7]) * count, 'more_body': True})
                    left -= count
                await send({'type': 'http.response.body', 'body': b''})
            elif name == 'again' and scope['path'] not in asked:
                asked.add(scope['path'])
                await answer(b'later', 503, (b'retry-after', rest[0].encode()))
            else:
                count, more = 0, True
                while more:
                    message = await receive()
                    count += len(message.get('body', b''))
                    more = message.get('more_body', False)
                await answer(str(count).encode())
        listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        config = Config()
        config.bind = [f'fd://{listener.fileno()}']
        config.certfile, config.keyfile = sys.argv[1] + '.pem', sys.argv[1] + '.key'
        # A connection without a stream is closed after 5 s, under a request when a test stands still beside others for so long.
        config.keep_alive_timeout = 600
        config.errorlog = config.accesslog = None
        print(listener.getsockname()[1])
        asyncio.run(serve(app, config))
        """
}
