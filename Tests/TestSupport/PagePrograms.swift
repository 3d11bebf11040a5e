/// The client programs of the source page, with the port as the first argument.
public enum PagePrograms {
    /// Program 6: sends its words over TCP and prints the reply.
    public static let tcpClient = """
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

    /// Program 2: sends a greeting and prints the echo.
    public static let echoClient = """
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

    /// Program 8: sends its words in a datagram and prints the reply.
    public static let udpClient = """
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
