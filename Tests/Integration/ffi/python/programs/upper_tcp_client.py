import socket
import sys

HOST, PORT = "localhost", 9999
data = " ".join(sys.argv[1:])

# (SOCK_STREAM型の(TCP socket)ソケットを作成する
with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
    # サーバーに接続してデータを送信
    sock.connect((HOST, PORT))
    sock.sendall(bytes(data + "\n", "utf-8"))

    # サーバーから返信データを受信して終了する
    received = str(sock.recv(1024), "utf-8")

print("Sent:     {}".format(data))
print("Received: {}".format(received))
