import TestSupport
import Testing

@testable import MinatoURL

/// The same challenges given to curl and to us: the algorithms that Python does not know.
@Suite(.watchdog) struct CurlDigestTests {
    /// Serves one challenge after another, each to a curl of its own, and prints what curl answers.
    private static let program = #"""
        import http.server, itertools, subprocess, threading

        class Server(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers['Content-Length'] or 0))
                answer = self.headers['Authorization']
                self.send_response(401 if answer is None else 200)
                if answer is None: self.send_header('WWW-Authenticate', 'Digest ' + challenge)
                else: answers.append(answer.encode('latin-1').decode())
                self.send_header('Content-Length', '0')
                self.end_headers()
            do_POST = do_GET
            def log_message(self, *arguments): pass

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        algorithms = ['', 'MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess']
        qualities = ['qop="auth"', 'qop="auth,auth-int"', 'userhash=true, qop="auth"', '']
        users = [('Mufasa', 'Circle of Life'), ('J\u00e4s\u00f8n Doe', 'p\u00e4ss "w"'), ('q"u\\o', '')]
        for algorithm, quality, (user, password) in itertools.product(algorithms, qualities, users):
            # Without qop nobody can check a key of a session.
            if algorithm.endswith('sess') and not quality: continue
            challenge = f'realm="http-auth@example.org", nonce="{algorithm}n=", opaque="o"'
            if algorithm: challenge += f', algorithm={algorithm}'
            if quality: challenge += f', {quality}'
            method = 'POST' if 'int' in quality else 'GET'
            target, answers = f'/dir/{algorithm}?a=b', []
            command = ['curl', '-qs', '--noproxy', '*', '--digest', '-u', f'{user}:{password}', '-X', method,
                       f'http://127.0.0.1:{server.server_port}{target}']
            subprocess.run(command, check=True)
            print(challenge, user, password, target, method, answers[0], sep='\t', flush=True)
        """#

    @Test func agrees() throws {
        let lines = Authentication.lines(try ChildProcess.python(Self.program))
        #expect(lines.count == 54)
        for line in lines {
            let row = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            let parsed = try #require(Challenge.parse(Array(("Digest " + row[0]).utf8)).first)
            let theirs = Authentication.parameters(row[5])
            let session = DigestSession(
                try DigestChallenge(parsed), PasswordManager.Credentials(user: row[1], password: row[2]),
                clientNonce: theirs["cnonce"] ?? "")
            let ours = Authentication.parameters(session.authorization(method: row[4], target: row[3]))
            #expect(ours == theirs, "\(row[0])")
        }
    }
}
