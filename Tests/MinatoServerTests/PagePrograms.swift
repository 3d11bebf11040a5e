// The client programs of the source page, with the port as the first argument.
enum PagePrograms {
    static let tcpClient = """
        import socket
        import sys

        HOST, PORT = "localhost", int(sys.argv.pop(1))
        data = " ".join(sys.argv[1:])

        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.connect((HOST, PORT))
            sock.sendall(bytes(data + "\\n", "utf-8"))
            received = str(sock.recv(1024), "utf-8")

        print("Sent:     {}".format(data))
        print("Received: {}".format(received))
        """

    static let echoClient = """
        import socket
        import sys

        HOST = '127.0.0.1'
        PORT = int(sys.argv[1])
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
            s.connect((HOST, PORT))
            s.sendall(b'Hello, world')
            data = s.recv(1024)
        print('Received', repr(data))
        """

    static let udpClient = """
        import socket
        import sys

        HOST, PORT = "localhost", int(sys.argv.pop(1))
        data = " ".join(sys.argv[1:])

        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.sendto(bytes(data + "\\n", "utf-8"), (HOST, PORT))
        received = str(sock.recv(1024), "utf-8")

        print("Sent:     {}".format(data))
        print("Received: {}".format(received))
        """
}
