import Glibc
import TestSupport
import Testing

/// `minato serve` with a socket that is not its own: the one of a service manager, which outlives it.
@Suite("minato serve, restarted", .watchdog)
struct ServeRestartTests {
    /// A service manager, and four clients who connect, have a request echoed, and close. Every other time it starts the new
    /// process before it ends the old one.
    private static let manager = """
        import atexit, os, signal, socket, subprocess, sys, threading

        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        if listener.fileno() != 3:
            os.dup2(listener.fileno(), 3)
        place = listener.getsockname()
        running, served, lost, progress = True, [0] * 4, [], threading.Condition()

        def start():
            line = ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh", *sys.argv[1:]]
            process = subprocess.Popen(line, pass_fds=[3], stdout=subprocess.PIPE, text=True)
            atexit.register(process.kill)
            assert process.stdout.readline() == f"listening on tcp 127.0.0.1:{place[1]}\\n"
            return process

        def end(process):
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0

        def visit(number):
            while running:
                request = b"%d %d" % (number, served[number])
                try:
                    with socket.create_connection(place, timeout=60) as client:
                        client.sendall(request)
                        client.shutdown(socket.SHUT_WR)
                        reply = b""
                        while piece := client.recv(100):
                            reply += piece
                    if reply != request:
                        lost.append(reply)
                except OSError as error:
                    lost.append(error)
                with progress:
                    served[number] += 1
                    progress.notify()

        process = start()
        visitors = [threading.Thread(target=visit, args=[number], daemon=True) for number in range(4)]
        for visitor in visitors:
            visitor.start()
        for number in range(20):
            before = sum(served)
            if number % 2:
                successor = start()
                end(process)
            else:
                end(process)
                successor = start()
            process = successor
            with progress:
                assert progress.wait_for(lambda: sum(served) >= before + 8, 60)
        running = False
        for visitor in visitors:
            visitor.join()
        end(process)
        print(f"{len(lost)} lost", lost[:3], min(served) >= 1)
        """

    @Test(
        "20 processes, one after the other, with one socket: no client is lost, refused or reset",
        arguments: ["async", "blocking", "responder"])
    func restarts(_ face: String) throws {
        let manager = try ChildProcess.python(
            Self.manager, Tool.path, "serve", "tcp", "--inherited", "--handler", "echo", "--face", face, "--loops", "1")
        #expect(manager.readToEnd() == "0 lost [] True\n")
        #expect(manager.wait() == 0, "\(manager.readErrors())")
    }

    @Test("Without a socket from a manager, with several, and with one of another kind it says so")
    func refusals() throws {
        let none = try Tool.run("serve", "tcp", "--inherited")
        #expect(none.status == 1)
        #expect(none.errors.contains("0 inherited sockets, not one"), "\(none.errors)")

        let place = try Tool.run("serve", "tcp", "--inherited", "--port", "1")
        #expect(place.status == 64)
        #expect(place.errors.contains("--inherited takes no --host, --port or --path"), "\(place.errors)")

        let program = """
            import os, socket, sys
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            first, second = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            second.bind(("127.0.0.1", 0))
            kept = [os.dup(one.fileno()) for one in (first, second)]
            os.dup2(kept[0], 3), os.dup2(kept[1], 4)
            os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": sys.argv[1]}
            os.execv(sys.argv[2], sys.argv[2:])
            """
        let several = try ChildProcess.python(program, "2", Tool.path, "serve", "tcp", "--inherited")
        #expect(several.readErrors().contains("2 inherited sockets, not one"))
        #expect(several.wait() == 1)
        let other = try ChildProcess.python(program, "1", Tool.path, "serve", "udp", "--inherited")
        #expect(other.readErrors().contains("EINVAL"))
        #expect(other.wait() == 1)
    }
}
